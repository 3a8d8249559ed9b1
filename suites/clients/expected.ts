import { shown } from './cases.ts'
import type { ImageDocument } from './fixture.ts'
import type { Afterimage } from './start-afterimage.ts'

/** An image as the Compute API shows it, hand-made from its document; links apart. */
export interface ShownImage {
  readonly id: string
  readonly name: string | null
  readonly status: string
  readonly progress: number
  readonly minRam: number
  readonly minDisk: number
  readonly 'OS-EXT-IMG-SIZE:size': number
  readonly created: string
  readonly updated: string
  readonly metadata: Readonly<Record<string, unknown>>
}

/** What an image document holds beside the free properties. */
const NOT_METADATA: ReadonlySet<string> = new Set(
  `id name status visibility owner min_ram min_disk size virtual_size created_at updated_at tags
  os_hidden protected members disk_format container_format checksum os_hash_algo os_hash_value
  self file schema`.split(/\s+/),
)

const PROGRESS: Readonly<Record<string, number>> = { active: 100, queued: 25, saving: 50 }

export function metadataOf(image: ImageDocument): Record<string, unknown> {
  return Object.fromEntries(Object.entries(image).filter(([key]) => !NOT_METADATA.has(key)))
}

export function shownImage(image: ImageDocument): ShownImage {
  return {
    id: image.id,
    name: image.name,
    status: shown(image),
    progress: PROGRESS[image.status] ?? 0,
    minRam: image.min_ram,
    minDisk: image.min_disk,
    'OS-EXT-IMG-SIZE:size': image.size ?? 0,
    created: image.created_at,
    updated: image.updated_at,
    metadata: metadataOf(image),
  }
}

/** Only these fields of the Compute API's image: a client keeps the fields that it uses. */
export function shownFields<K extends keyof ShownImage>(
  image: ImageDocument,
  fields: readonly K[],
): Pick<ShownImage, K> {
  const whole = shownImage(image)
  return Object.fromEntries(fields.map((field) => [field, whole[field]])) as Pick<ShownImage, K>
}

/** The whole object, links and all, as it goes over the wire. */
export function wireImage(image: ImageDocument, { urls, projects }: Afterimage): object {
  const links = (kind: 'images' | 'servers', id: string) => [
    { rel: 'self', href: `${urls.compute}/v2.1/${projects.demo}/${kind}/${id}` },
    { rel: 'bookmark', href: `${urls.compute}/${projects.demo}/${kind}/${id}` },
  ]
  const { instance_uuid: server, auto_disk_config: diskConfig } = image
  const alternate = {
    rel: 'alternate',
    type: 'application/vnd.openstack.image',
    href: `${urls.image}/${projects.demo}/images/${image.id}`,
  }
  return {
    ...shownImage(image),
    links: [...links('images', image.id), alternate],
    ...(server === undefined ? {} : { server: { id: server, links: links('servers', server) } }),
    ...(diskConfig === undefined ? {} : { 'OS-DCF:diskConfig': 'AUTO' }),
  }
}

export function idsOf(images: readonly ImageDocument[]): string[] {
  return images.map(({ id }) => id)
}
