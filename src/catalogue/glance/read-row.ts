import { BASE_PROPERTIES } from '../../image/base-properties.ts'
import {
  GLANCE_STATUSES,
  type GlanceStatus,
  type Image,
  type PropertyValue,
  VISIBILITIES,
  type Visibility,
} from '../../image/image.ts'
import { parseTime } from '../../image/time.ts'

/**
 * Reads an image as Glance prints it, leniently: a list must not fail because of one odd image.
 * Wrong fields are repaired (and named in `repaired`). An image without a usable id or creation
 * time is left out, since it has no address or no place in a list.
 */
export function readRow(row: unknown, repaired: string[] = []): Image | undefined {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return undefined
  const doc = row as Fields
  const id = doc['id']
  const createdAt = time(doc['created_at'])
  if (typeof id !== 'string' || !isImageId(id) || createdAt === undefined) return undefined
  const r = new Repairs(doc, repaired)
  return {
    id,
    name: r.text('name'),
    status: r.word<GlanceStatus>('status', STATUSES, UNHEARD_OF_STATUS),
    visibility: r.word<Visibility>('visibility', VISIBILITY_WORDS, 'private'),
    owner: r.text('owner'),
    isHidden: r.flag('os_hidden'),
    isProtected: r.flag('protected'),
    minRamMib: r.count('min_ram') ?? 0,
    minDiskGib: r.count('min_disk') ?? 0,
    sizeBytes: r.count('size'),
    virtualSizeBytes: r.count('virtual_size'),
    diskFormat: r.text('disk_format'),
    containerFormat: r.text('container_format'),
    checksum: r.text('checksum'),
    hashAlgorithm: r.text('os_hash_algo'),
    hashValue: r.text('os_hash_value'),
    createdAt,
    updatedAt: r.time('updated_at') ?? createdAt,
    tags: r.tags(),
    properties: r.properties(),
    members: NO_MEMBERS,
  }
}

/** Ids become parts of paths, so an id must not lead to another path or host. */
export function isImageId(id: string): boolean {
  return /^[0-9A-Za-z_-]{1,36}$/.test(id)
}

type Fields = Readonly<Record<string, unknown>>

const STATUSES: ReadonlySet<string> = new Set(GLANCE_STATUSES)
const VISIBILITY_WORDS: ReadonlySet<string> = new Set(VISIBILITIES)
/** A word of a later Glance is shown as Nova shows a status that it does not know. */
const UNHEARD_OF_STATUS: GlanceStatus = 'importing'
/** Glance prints members at an address of their own. */
const NO_MEMBERS: Image['members'] = []
const NO_TAGS: Image['tags'] = []
const NO_PROPERTIES: Image['properties'] = new Map()

class Repairs {
  readonly #doc: Fields
  readonly #repaired: string[]

  constructor(doc: Fields, repaired: string[]) {
    this.#doc = doc
    this.#repaired = repaired
  }

  text(field: string): string | null {
    const value = this.#doc[field]
    if (typeof value === 'string') return value.isWellFormed() ? value : this.#mend(field, null)
    return value === null || value === undefined ? null : this.#mend(field, null)
  }

  word<T extends string>(field: string, words: ReadonlySet<string>, instead: T): T {
    const value = this.#doc[field]
    return typeof value === 'string' && words.has(value) ? (value as T) : this.#mend(field, instead)
  }

  flag(field: string): boolean {
    const value = this.#doc[field]
    if (typeof value === 'boolean') return value
    return value === null || value === undefined ? false : this.#mend(field, value === 'true')
  }

  count(field: string): number | null {
    const value = this.#doc[field]
    if (value === null || value === undefined) return null
    return Number.isSafeInteger(value) && (value as number) >= 0
      ? (value as number)
      : this.#mend(field, null)
  }

  time(field: string): number | undefined {
    const value = time(this.#doc[field])
    return value === undefined ? this.#mend(field, undefined) : value
  }

  tags(): Image['tags'] {
    const value = this.#doc['tags']
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return NO_TAGS
    if (!Array.isArray(value)) return this.#mend('tags', NO_TAGS)
    const texts = value.filter((tag) => typeof tag === 'string')
    if (texts.length < value.length) this.#mend('tags', undefined)
    return [...new Set<string>(texts)].sort()
  }

  /** What is no text is shown as the text that it is in JSON. */
  properties(): Image['properties'] {
    let properties: Map<string, PropertyValue> | undefined
    for (const key of Object.keys(this.#doc)) {
      if (BASE_PROPERTIES.has(key)) continue
      const value = this.#doc[key]
      properties ??= new Map()
      if (typeof value === 'string' || value === null) properties.set(key, value)
      else properties.set(key, this.#mend(key, JSON.stringify(value)))
    }
    return properties ?? NO_PROPERTIES
  }

  #mend<T>(field: string, instead: T): T {
    this.#repaired.push(field)
    return instead
  }
}

/** As Glance prints it; other forms of ISO 8601 are read too, more slowly. */
const PRINTED_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

function time(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined
  if (!PRINTED_TIME.test(value)) return parseTime(value.replace(/[.,]\d+/, ''))
  const ms = Date.parse(value)
  return Number.isNaN(ms) ? undefined : ms / 1000
}
