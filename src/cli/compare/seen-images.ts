import { isObject } from '../client/http.ts'

/** An image as an endpoint lists it: what requests can be made about. */
export interface SeenImage {
  readonly id: string
  readonly name: string | null
  readonly updated: string
  readonly created: string
  readonly minRam: number
  readonly minDisk: number
  readonly server: string | undefined
  readonly metadata: Readonly<Record<string, unknown>>
}

/**
 * The images of a list; malformed ones are left out, since the comparison reports them.
 * @returns undefined if it is not a list
 */
export function seenImages(text: string): readonly SeenImage[] | undefined {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  const images = isObject(json) ? json['images'] : undefined
  return Array.isArray(images) ? images.filter(isObject).flatMap(seenImage) : undefined
}

function seenImage(image: Readonly<Record<string, unknown>>): readonly SeenImage[] {
  const { id, name, updated, created, minRam, minDisk, server, metadata } = image
  if (typeof id !== 'string' || typeof updated !== 'string' || typeof created !== 'string')
    return []
  return [
    {
      id,
      name: typeof name === 'string' ? name : null,
      updated,
      created,
      minRam: Number(minRam),
      minDisk: Number(minDisk),
      server: isObject(server) ? String(server['id']) : undefined,
      metadata: isObject(metadata) ? metadata : {},
    },
  ]
}
