import { BASE_PROPERTIES } from './base-properties.ts'
import {
  GLANCE_STATUSES,
  type GlanceStatus,
  type Image,
  MEMBER_STATUSES,
  type Member,
  type MemberStatus,
  type PropertyValue,
  VISIBILITIES,
  type Visibility,
} from './image.ts'
import { parseTime, printTime } from './time.ts'

/**
 * Image documents: an image as the Image service prints it in JSON. Reading one checks every field;
 * printing one is its exact inverse. Mirrors glance/api/v2/images.py (ResponseSerializer) and the
 * schema Glance serves at /v2/schemas/image. `members`, which Glance serves at another path, is
 * included as a list of Glance's member documents, so that an export is complete; if an image has
 * members and a free property named `members`, an object there holds both.
 */

export const NAME_CHARACTERS_MAX = 255
export const PROPERTY_NAME_CHARACTERS_MAX = 255
/** A MySQL TEXT column, which is what Glance keeps a value in. */
export const PROPERTY_VALUE_BYTES_MAX = 65_535
/** Glance's own `image_property_quota` is 128; an imported catalogue may hold more. */
export const PROPERTIES_MAX = 1024
export const TAGS_MAX = 1024
export const TAG_CHARACTERS_MAX = 255
export const MEMBERS_MAX = 10_000
/** The largest `min_ram` and `min_disk`: a signed 32-bit column in Glance. */
export const MINIMUM_MAX = 2_147_483_647
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: a time outside has no four-digit year. */
const TIME_MIN_SECONDS = -62_135_596_800
const TIME_MAX_SECONDS = 253_402_300_799

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The document is not an image document. `message` names the field and says what is allowed. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError'
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads one parsed JSON document. Fields that Glance always prints may be missing and get Glance's
 * defaults; `id` and `created_at` must be there. @throws DocumentError
 */
export function readDocument(json: unknown): Image {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new DocumentError('an image document must be a JSON object')
  }
  const doc = json as Fields
  return {
    id: id(doc),
    name: text(doc, 'name', NAME_CHARACTERS_MAX),
    status: word<GlanceStatus>(doc, 'status', GLANCE_STATUSES, 'queued'),
    visibility: word<Visibility>(doc, 'visibility', VISIBILITIES, 'shared'),
    owner: text(doc, 'owner', 255),
    isHidden: flag(doc, 'os_hidden'),
    isProtected: flag(doc, 'protected'),
    minRamMib: count(doc, 'min_ram', MINIMUM_MAX) ?? 0,
    minDiskGib: count(doc, 'min_disk', MINIMUM_MAX) ?? 0,
    sizeBytes: count(doc, 'size', Number.MAX_SAFE_INTEGER),
    virtualSizeBytes: count(doc, 'virtual_size', Number.MAX_SAFE_INTEGER),
    diskFormat: text(doc, 'disk_format', 255),
    containerFormat: text(doc, 'container_format', 255),
    checksum: text(doc, 'checksum', 32),
    hashAlgorithm: text(doc, 'os_hash_algo', 64),
    hashValue: text(doc, 'os_hash_value', 128),
    createdAt: madeAt(doc),
    updatedAt: time(doc, 'updated_at') ?? madeAt(doc),
    tags: tags(doc),
    properties: freeProperties(doc),
    members: members(doc),
  }
}

function madeAt(doc: Fields): number {
  const seconds = time(doc, 'created_at')
  if (seconds === undefined) throw new DocumentError('"created_at" is missing')
  return seconds
}

/** Everything that is wrong with a document, not the first alone; empty for one that can be read. */
export function problemsOf(json: unknown): readonly string[] {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return problemsIn(json)
  const doc = json as Fields
  const readers = [
    () => id(doc),
    () => madeAt(doc),
    () => text(doc, 'name', NAME_CHARACTERS_MAX),
    () => word<GlanceStatus>(doc, 'status', GLANCE_STATUSES, 'queued'),
    () => word<Visibility>(doc, 'visibility', VISIBILITIES, 'shared'),
    () => text(doc, 'owner', 255),
    () => flag(doc, 'os_hidden'),
    () => flag(doc, 'protected'),
    () => count(doc, 'min_ram', MINIMUM_MAX),
    () => count(doc, 'min_disk', MINIMUM_MAX),
    () => count(doc, 'size', Number.MAX_SAFE_INTEGER),
    () => count(doc, 'virtual_size', Number.MAX_SAFE_INTEGER),
    () => text(doc, 'disk_format', 255),
    () => text(doc, 'container_format', 255),
    () => text(doc, 'checksum', 32),
    () => text(doc, 'os_hash_algo', 64),
    () => text(doc, 'os_hash_value', 128),
    () => time(doc, 'updated_at'),
    () => tags(doc),
    () => members(doc),
    ...Object.keys(doc)
      .filter((key) => !BASE_PROPERTIES.has(key) && key !== 'members')
      .map((key) => () => checkProperty(key, doc[key])),
  ]
  const problems = readers.flatMap(problemOf)
  // What shows only in the whole, such as too many properties.
  return problems.length > 0 ? problems : problemsIn(json)
}

function problemsIn(json: unknown): readonly string[] {
  return problemOf(() => readDocument(json))
}

function problemOf(read: () => unknown): readonly string[] {
  try {
    read()
    return []
  } catch (error) {
    if (error instanceof DocumentError) return [error.message]
    throw error
  }
}

/** The document Glance would print, as a plain object in Glance's order; members last, if any. */
export function writeDocument(image: Image): Record<string, unknown> {
  const entries: [string, unknown][] = [...image.properties]
  entries.push(
    ['name', image.name],
    ['disk_format', image.diskFormat],
    ['container_format', image.containerFormat],
    ['visibility', image.visibility],
    ['size', image.sizeBytes],
    ['virtual_size', image.virtualSizeBytes],
    ['status', image.status],
    ['checksum', image.checksum],
    ['protected', image.isProtected],
    ['min_ram', image.minRamMib],
    ['min_disk', image.minDiskGib],
    ['owner', image.owner],
    ['os_hidden', image.isHidden],
    ['os_hash_algo', image.hashAlgorithm],
    ['os_hash_value', image.hashValue],
    ['id', image.id],
    ['created_at', printTime(image.createdAt)],
    ['updated_at', printTime(image.updatedAt)],
    ['tags', image.tags],
  )
  if (image.members.length > 0) entries.push(['members', writeMembers(image)])
  return Object.fromEntries(entries) // defines `__proto__` as a field like any other
}

/** Added last, so it replaces a free property of the same name, and includes it. */
function writeMembers(image: Image): unknown {
  const members = image.members.map(writeMember)
  const property = image.properties.get('members')
  return property === undefined ? members : { members, property }
}

function writeMember(member: Member): Record<string, unknown> {
  return {
    member_id: member.project,
    status: member.status,
    created_at: printTime(member.createdAt),
    updated_at: printTime(member.updatedAt),
  }
}

function own(doc: Fields, field: string): unknown {
  return Object.hasOwn(doc, field) ? doc[field] : undefined
}

function id(doc: Fields): string {
  const value = own(doc, 'id')
  const lower = typeof value === 'string' ? value.toLowerCase() : ''
  if (!ID.test(lower)) {
    throw new DocumentError('"id" must be a UUID such as ee10f19c-503c-44af-af2f-73d5e42f7a17')
  }
  return lower
}

function text(doc: Fields, field: string, charactersMax: number): string | null {
  const value = own(doc, field) ?? null
  if (value === null) return null
  if (typeof value !== 'string') throw new DocumentError(`"${field}" must be text or null`)
  if (isLonger(value, charactersMax)) {
    throw new DocumentError(`"${field}" is longer than ${charactersMax} characters`)
  }
  return storable(field, value)
}

/** Counts characters, not UTF-16 units, and only if there may be too many. */
function isLonger(value: string, charactersMax: number): boolean {
  return value.length > charactersMax && [...value].length > charactersMax
}

/** A lone surrogate cannot be written as UTF-8, so it would be read back as another text. */
function storable(field: string, value: string): string {
  if (!value.isWellFormed()) throw new DocumentError(`"${field}" is not well-formed Unicode`)
  return value
}

function word<T extends string>(doc: Fields, field: string, words: readonly T[], absent: T): T {
  const value = own(doc, field)
  if (value === undefined) return absent
  const known = words.find((w) => w === value)
  if (known === undefined) throw new DocumentError(`"${field}" must be one of ${words.join(', ')}`)
  return known
}

function flag(doc: Fields, field: string): boolean {
  const value = own(doc, field) ?? false
  if (typeof value !== 'boolean') throw new DocumentError(`"${field}" must be true or false`)
  return value
}

function count(doc: Fields, field: string, max: number): number | null {
  const value = own(doc, field) ?? null
  if (value === null) return null
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > max) {
    throw new DocumentError(`"${field}" must be a whole number from 0 to ${max}`)
  }
  return (value as number) || 0 // not -0, which would not print as it was read
}

/** Fractions of a second are dropped, as Glance drops them when it prints. */
function time(doc: Fields, field: string): number | undefined {
  const value = own(doc, field)
  if (value === undefined || value === null) return undefined
  const seconds = typeof value === 'string' ? parseTime(value.replace(/[.,]\d+/, '')) : undefined
  if (seconds === undefined || seconds < TIME_MIN_SECONDS || seconds > TIME_MAX_SECONDS) {
    throw new DocumentError(`"${field}" must be an ISO 8601 time such as 2014-02-10T17:05:01Z`)
  }
  return seconds
}

function tags(doc: Fields): readonly string[] {
  const value = own(doc, 'tags') ?? []
  const isTag = (tag: unknown) => typeof tag === 'string' && !isLonger(tag, TAG_CHARACTERS_MAX)
  if (!Array.isArray(value) || !value.every(isTag)) {
    throw new DocumentError(
      `"tags" must be a list of texts of at most ${TAG_CHARACTERS_MAX} characters`,
    )
  }
  if (value.length > TAGS_MAX) throw new DocumentError(`"tags" holds more than ${TAGS_MAX}`)
  for (const tag of value) storable('tags', tag)
  return [...new Set<string>(value)].sort()
}

function freeProperties(doc: Fields): ReadonlyMap<string, PropertyValue> {
  const properties = new Map<string, PropertyValue>()
  for (const [key, value] of Object.entries(doc)) {
    if (BASE_PROPERTIES.has(key)) continue
    const property = key === 'members' ? atMembers(doc).property : value
    if (property === undefined) continue
    checkProperty(key, property)
    properties.set(key, property)
  }
  if (properties.size > PROPERTIES_MAX) {
    throw new DocumentError(`the image has more than ${PROPERTIES_MAX} free properties`)
  }
  return properties
}

/** The value of `members`: the list, and possibly a free property of that name. */
function atMembers(doc: Fields): { list: readonly unknown[]; property: unknown } {
  const value = own(doc, 'members')
  if (Array.isArray(value)) return { list: value, property: undefined }
  if (typeof value !== 'object' || value === null) return { list: [], property: value }
  const list = own(value as Fields, 'members')
  if (!Array.isArray(list)) throw new DocumentError('"members" must be a list of member objects')
  return { list, property: own(value as Fields, 'property') }
}

function checkProperty(key: string, value: unknown): asserts value is PropertyValue {
  if (key === '' || isLonger(key, PROPERTY_NAME_CHARACTERS_MAX)) {
    throw new DocumentError(
      `a property name must have 1 to ${PROPERTY_NAME_CHARACTERS_MAX} characters`,
    )
  }
  storable('property name', key)
  if (value === null) return
  if (typeof value !== 'string') throw new DocumentError(`"${key}" must be text or null`)
  const mayBeLong = value.length * 3 > PROPERTY_VALUE_BYTES_MAX
  if (mayBeLong && Buffer.byteLength(value) > PROPERTY_VALUE_BYTES_MAX) {
    throw new DocumentError(`"${key}" is longer than ${PROPERTY_VALUE_BYTES_MAX} bytes`)
  }
  storable(key, value)
}

function members(doc: Fields): readonly Member[] {
  const { list } = atMembers(doc)
  if (list.length > MEMBERS_MAX) throw new DocumentError(`"members" holds more than ${MEMBERS_MAX}`)
  const byProject = new Map<string, Member>()
  for (const entry of list) {
    if (typeof entry !== 'object' || entry === null) {
      throw new DocumentError('"members" must be a list of member objects')
    }
    const project = text(entry as Fields, 'member_id', 255)
    if (project === null || project === '') {
      throw new DocumentError('a member needs "member_id", the id of a project')
    }
    const createdAt = time(entry as Fields, 'created_at') ?? 0
    byProject.set(project, {
      project,
      status: word<MemberStatus>(entry as Fields, 'status', MEMBER_STATUSES, 'pending'),
      createdAt,
      updatedAt: time(entry as Fields, 'updated_at') ?? createdAt,
    })
  }
  return [...byProject.values()].sort((a, b) => (a.project < b.project ? -1 : 1))
}
