import type { Image, Visibility } from '../../image/image.ts'
import { printTime } from '../../image/time.ts'

/** `__imagetype` of each visibility; the vendor has no community images. */
const IMAGE_TYPES: Readonly<Record<Visibility, string | undefined>> = {
  public: 'gold',
  private: 'private',
  shared: 'shared',
  community: undefined,
}

/** A record is never changed in place, so its printed form stays valid. */
const printed = new WeakMap<Image, string>()

/** The list and nothing besides. */
export function printList(images: readonly Image[]): string {
  return `{"images":[${images.map(printImage).join(',')}]}`
}

/**
 * An image as the vendor prints it: its free properties, including the vendor's `__...` ones that
 * the image has, then the fields that every image has. Fields that are not known here (`active_at`,
 * `max_ram`, `__image_source_type`...) are left out.
 */
function printImage(image: Image): string {
  const known = printed.get(image)
  if (known !== undefined) return known
  const entries: (readonly [string, unknown])[] = []
  for (const [key, value] of image.properties) {
    if (value !== null) entries.push([key, value])
  }
  const path = `/v2/images/${image.id}`
  const imageType = IMAGE_TYPES[image.visibility]
  entries.push(
    ['__isregistered', 'true'],
    ['id', image.id],
    ['name', image.name],
    ['owner', image.owner],
    ['visibility', image.visibility],
    ['status', image.status],
    ['protected', image.isProtected],
    ['container_format', image.containerFormat],
    ['disk_format', image.diskFormat],
    ['size', image.sizeBytes],
    ['virtual_size', image.virtualSizeBytes],
    ['checksum', image.checksum],
    ['min_ram', image.minRamMib],
    ['min_disk', image.minDiskGib],
    ['tags', image.tags],
    ['created_at', printTime(image.createdAt)],
    ['updated_at', printTime(image.updatedAt)],
    ['self', path],
    ['file', `${path}/file`],
    ['schema', '/v2/schemas/image'],
  )
  if (imageType !== undefined) entries.push(['__imagetype', imageType])
  // Where the vendor's clients look for the size, as text.
  if (image.sizeBytes !== null) entries.push(['__image_size', String(image.sizeBytes)])
  const text = JSON.stringify(Object.fromEntries(entries))
  printed.set(image, text)
  return text
}
