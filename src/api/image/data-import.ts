import type { Image } from '../../image/image.ts'
import { said } from '../request/said.ts'
import { activate, withClaim, wrongTransition } from './data-bring.ts'
import { noImage } from './data-upload.ts'
import type { Handler, ImageDependencies } from './dependencies.ts'
import { ImageFault } from './faults.ts'
import { fieldOf, isObject, type JsonBody, readJson } from './json-body.ts'
import { checkOwner, seenImage } from './rights.ts'

/** Ways to import that are served. Mirrors glance/common/config.py (enabled_import_methods). */
export const IMPORT_METHODS = ['glance-direct'] as const

/**
 * `POST /v2/images/{id}/import`: the staged data becomes the image's data after the answer is sent.
 * The order of checks mirrors glance/api/v2/images.py (import_image).
 */
export const importData: Handler = async (call, deps, incoming) => {
  const body = await readJson(incoming)
  checkBody(body)
  const image = await seenImage(call, deps, noImage(call.id))
  checkImage(image)
  checkOwner(image, call.viewer)
  if (!isObject(body) || fieldOf(body, 'all_stores_must_succeed') === false) {
    const message = 'All_stores_must_succeed can only be set with enabled_backends None'
    throw new ImageFault('body.invalid', message)
  }
  await new Promise<void>((accept, refuse) => {
    importStaged(deps, image, accept).catch((error: unknown) => {
      refuse(error) // has no effect once it was accepted
      deps.data.warn({ err: error, image: image.id }, 'the import of an image failed')
    })
  })
  return { status: 202, headers: {}, body: '' }
}

/** @param onBegun called when the image is `importing`. */
function importStaged(deps: ImageDependencies, image: Image, onBegun: () => void): Promise<void> {
  return withClaim(deps, image.id, 'importing', async (claim) => {
    onBegun()
    await activate(deps, claim, image.id, 'importing', await claim.takeStaged())
  })
}

/** Mirrors glance/api/v2/images.py (_validate_import_body). */
function checkBody(body: JsonBody): void {
  const fields = isObject(body) ? body : {}
  const method = fieldOf(fields, 'method')
  if (method === undefined) throw invalid("Import request requires a 'method' field.")
  const name = isObject(method) ? fieldOf(method, 'name') : undefined
  if (name === undefined) throw invalid("Import request requires a 'name' field.")
  if (!IMPORT_METHODS.some((served) => served === name)) {
    const shown = typeof name === 'string' ? name : JSON.stringify(name)
    throw invalid(said`Unknown import method name '${shown}'.`)
  }
  for (const flag of ['all_stores_must_succeed', 'all_stores']) {
    const value = fieldOf(fields, flag) ?? true
    if (typeof value !== 'boolean') throw invalid(`'${flag}' must be boolean value only`)
  }
}

function checkImage(image: Image): void {
  if (image.status === 'active') {
    throw conflict('Image with status active cannot be target for import')
  }
  if (image.status !== 'uploading') {
    throw conflict("Image needs to be staged before 'glance-direct' method can be used")
  }
  for (const [name, format] of [
    ['container_format', image.containerFormat],
    ['disk_format', image.diskFormat],
  ]) {
    if (!format) throw conflict(`'${name}' needs to be set before import`)
  }
  // Its data is still coming in.
  if (image.sizeBytes === null) throw wrongTransition('uploading', 'importing')
}

function invalid(message: string): ImageFault {
  return new ImageFault('body.invalid', message)
}

function conflict(message: string): ImageFault {
  return new ImageFault('image.conflict', message)
}
