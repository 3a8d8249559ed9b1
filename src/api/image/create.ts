import { randomUUID } from 'node:crypto'
import type { Image } from '../../image/image.ts'
import { said } from '../request/said.ts'
import type { Call } from './call.ts'
import { checkFields } from './check-fields.ts'
import type { Handler, ImageDependencies } from './dependencies.ts'
import { ImageFault } from './faults.ts'
import {
  checkPropertyCount,
  isField,
  isReservedProperty,
  readOnly,
  withField,
  workingCopyOf,
} from './fields.ts'
import { IMPORT_METHODS } from './info.ts'
import { isObject, type JsonBody, readJson } from './json-body.ts'
import { checkVisibility } from './rights.ts'
import { printImage } from './view.ts'

/** Making an image. Mirrors glance/api/v2/images.py (create, RequestDeserializer.create). */

/** Answers `POST /v2/images`. @throws ImageFault, CatalogueFault */
export const createImage: Handler = async (call, deps, incoming) => {
  const image = await deps.catalogue.create(newImage(await readJson(incoming), call, deps))
  return {
    status: 201,
    headers: {
      'content-type': 'application/json',
      location: `${call.base}/v2/images/${image.id}`,
      'openstack-image-import-methods': IMPORT_METHODS.join(','),
    },
    body: printImage(image),
  }
}

/** Kept apart since these are refused before any other check. */
const DISALLOWED: readonly string[] = ['direct_url', 'self', 'file', 'schema', 'stores']
const READ_ONLY: ReadonlySet<string> = new Set([
  'created_at',
  'updated_at',
  'status',
  'checksum',
  'os_hash_algo',
  'os_hash_value',
  'size',
  'virtual_size',
])
const RESERVED: ReadonlySet<string> = new Set(['location', 'locations', 'deleted', 'deleted_at'])

function newImage(body: JsonBody, { viewer }: Call, deps: ImageDependencies): Image {
  if (!isObject(body)) {
    throw new ImageFault('body.invalid', 'Expected an image as a JSON object, {"name": "..."}.')
  }
  const disallowed = DISALLOWED.find((name) => Object.hasOwn(body, name))
  if (disallowed !== undefined) throw readOnly(disallowed)
  checkFields(body)
  const fields = Object.entries(body).filter(([name]) => name !== 'id')
  for (const [name] of fields) {
    if (RESERVED.has(name) || isReservedProperty(name)) {
      throw new ImageFault('field.forbidden', said`Attribute '${name}' is reserved.`)
    }
  }
  const { owner = viewer.project, visibility, id } = body
  if (owner !== viewer.project && !viewer.isAdmin) {
    throw new ImageFault(
      'caller.forbidden',
      said`You are not permitted to create images owned by '${owner ?? 'None'}'.`,
    )
  }
  checkVisibility(visibility, viewer)
  const written = fields.find(([name]) => READ_ONLY.has(name))
  if (written !== undefined) throw readOnly(written[0])

  const empty = emptyImage(typeof id === 'string' ? id.toLowerCase() : randomUUID(), deps.now())
  let image = workingCopyOf({ ...empty, owner: viewer.project })
  for (const [name, value] of inOrder(fields)) image = withField(image, name, value)
  checkPropertyCount(image)
  return image
}

/** Free properties in the order sent; the fields come first, so that their errors do. */
function inOrder<T>(fields: readonly (readonly [string, T])[]): (readonly [string, T])[] {
  return [...fields.filter(([name]) => isField(name)), ...fields.filter(([name]) => !isField(name))]
}

function emptyImage(id: string, now: number): Image {
  return {
    id,
    name: null,
    status: 'queued',
    visibility: 'shared',
    owner: null,
    isHidden: false,
    isProtected: false,
    minRamMib: 0,
    minDiskGib: 0,
    sizeBytes: null,
    virtualSizeBytes: null,
    diskFormat: null,
    containerFormat: null,
    checksum: null,
    hashAlgorithm: null,
    hashValue: null,
    createdAt: now,
    updatedAt: now,
    tags: [],
    properties: new Map(),
    members: [],
  }
}
