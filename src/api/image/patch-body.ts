import { said } from '../request/said.ts'
import type { Incoming } from './call.ts'
import { checkFields } from './check-fields.ts'
import { ImageFault } from './faults.ts'
import { isReservedProperty, readOnly } from './fields.ts'
import { fieldOf, isObject, readJson } from './json-body.ts'
import { readPointer } from './json-pointer.ts'

/** Reading a JSON patch. Mirrors glance/api/v2/images.py (RequestDeserializer.update). */

const KINDS = ['add', 'remove', 'replace'] as const
type Kind = (typeof KINDS)[number]

/** One operation of a patch, checked by itself. */
export interface Change {
  readonly kind: Kind
  /** The field or property. */
  readonly name: string
  /** undefined for a removal. */
  readonly value: unknown
  /** An `add` of what is there is refused: the meaning of draft 4. */
  readonly mustBeNew: boolean
}

type Draft = 4 | 10

/** The drafts of JSON patch, by media type. */
const DRAFTS: Readonly<Record<string, Draft>> = {
  'application/openstack-images-v2.0-json-patch': 4,
  'application/openstack-images-v2.1-json-patch': 10,
}

/** Each is checked against the schema: seven for each of the properties that an image may have. */
const OPERATIONS_MAX = 1000

/** @throws ImageFault */
export async function readPatch(incoming: Incoming): Promise<readonly Change[]> {
  const draft = draftOf(incoming.headers['content-type'])
  const body = await readJson(incoming)
  if (!Array.isArray(body)) {
    throw invalid('Request body must be a JSON array of operation objects.')
  }
  if (body.length > OPERATIONS_MAX) {
    const message = `A patch has at most ${OPERATIONS_MAX} operations. Attempted: ${body.length}`
    throw new ImageFault('limit.exceeded', message)
  }
  return body.map((raw: unknown) => {
    if (!isObject(raw)) throw invalid('Operations must be JSON objects.')
    return readChange(raw, draft)
  })
}

function draftOf(contentType: string | undefined): Draft {
  const type = (contentType ?? '').split(';', 1)[0]?.trim() ?? ''
  const draft = Object.hasOwn(DRAFTS, type) ? DRAFTS[type] : undefined
  if (draft !== undefined) return draft
  throw new ImageFault(
    'body.media_type',
    said`The request media type ${type || '(none)'} is not supported by this server.`,
    { 'accept-patch': Object.keys(DRAFTS).join(', ') },
  )
}

type Raw = Readonly<Record<string, unknown>>

function readChange(raw: Raw, draft: Draft): Change {
  const kind = draft === 4 ? kindOfDraft4(raw) : kindOfDraft10(raw)
  const path = readPointer(draft === 4 ? raw[kind] : pathOf(raw))
  checkDepth(kind, path)
  const name = path[0] ?? ''
  const value = kind === 'remove' ? undefined : newValue(raw, kind)
  checkWritable(name, kind)
  if (kind !== 'remove') checkFields({ [name]: path.length === 1 ? value : [value] })
  return { kind, name, value, mustBeNew: draft === 4 }
}

function kindOfDraft10(raw: Raw): Kind {
  const op = fieldOf(raw, 'op') ?? undefined
  const kind = KINDS.find((known) => known === op)
  if (kind !== undefined) return kind
  const available = `It must be one of the following: ${KINDS.join(', ')}.`
  throw invalid(
    op === undefined
      ? `Unable to find \`op\` in JSON Schema change. ${available}`
      : said`Invalid operation: \`${typeof op === 'string' ? op : JSON.stringify(op)}\`. ${available}`,
  )
}

function kindOfDraft4(raw: Raw): Kind {
  const [kind, ...more] = KINDS.filter((known) => Object.hasOwn(raw, known))
  if (kind !== undefined && more.length === 0) return kind
  const number = kind === undefined ? 'exactly one' : 'only one'
  throw invalid(
    `Operation objects must contain ${number} member named "add", "remove", or "replace".`,
  )
}

function pathOf(raw: Raw): unknown {
  if (Object.hasOwn(raw, 'path')) return raw['path']
  throw invalid("Unable to find 'path' in JSON Schema change")
}

function newValue(raw: Raw, kind: Kind): unknown {
  if (Object.hasOwn(raw, 'value')) return raw['value']
  throw invalid(`Operation "${kind}" requires a member named "value".`)
}

/** Only places in `locations` lie deeper than the document's own fields. */
function checkDepth(kind: Kind, path: readonly string[]): void {
  const depth = path[0] === 'locations' && kind !== 'replace' ? 2 : 1
  if (path.length === depth) return
  throw invalid(said`Invalid JSON pointer for this resource: '/${path.join('/')}'`)
}

const READ_ONLY: ReadonlySet<string> = new Set([
  'created_at',
  'updated_at',
  'status',
  'checksum',
  'size',
  'virtual_size',
  'direct_url',
  'self',
  'file',
  'schema',
  'id',
  'os_hash_algo',
  'os_hash_value',
])
const RESERVED: ReadonlySet<string> = new Set(['location', 'deleted', 'deleted_at'])

function checkWritable(name: string, kind: Kind): void {
  // Glance adds `stores` as a property, which nothing can show beside the field of that name.
  if (READ_ONLY.has(name) || (name === 'stores' && kind === 'add')) throw readOnly(name)
  if (RESERVED.has(name) || isReservedProperty(name)) {
    throw new ImageFault('field.forbidden', said`Attribute '${name}' is reserved.`)
  }
}

function invalid(message: string): ImageFault {
  return new ImageFault('body.invalid', message)
}
