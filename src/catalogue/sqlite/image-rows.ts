import type {
  GlanceStatus,
  Image,
  Member,
  MemberStatus,
  PropertyValue,
  Visibility,
} from '../../image/image.ts'

/** How an image stands in its row of `images`, and back. */

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * The 16 bytes of an id, which sort as its text does; undefined for a text that is not an image's
 * id.
 */
export function idBytes(id: string): Buffer | undefined {
  return ID.test(id) ? Buffer.from(id.replaceAll('-', ''), 'hex') : undefined
}

export function idText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
  const part = (from: number, to?: number) => hex.slice(from, to)
  return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20)}`
}

/** The columns that hold the image itself, in the order of `imageValues`. */
const IMAGE_COLUMNS = [
  'id',
  'name',
  'status',
  'visibility',
  'owner',
  'is_hidden',
  'is_protected',
  'min_ram_mib',
  'min_disk_gib',
  'size_bytes',
  'virtual_size_bytes',
  'disk_format',
  'container_format',
  'checksum',
  'hash_algorithm',
  'hash_value',
  'created_at',
  'updated_at',
  'tags',
  'properties',
  'members',
] as const

const ROW_COLUMNS = ['place', 'revision', 'audiences', ...IMAGE_COLUMNS]

export const SELECT_IMAGE = `SELECT n, ${ROW_COLUMNS.join(', ')} FROM images`
/** What an image's texts take in its row. */
export const TEXT_BYTES = 'octet_length(properties) + octet_length(tags) + octet_length(members)'
export const INSERT_IMAGE = `INSERT INTO images (${ROW_COLUMNS.join(', ')})
  VALUES (${ROW_COLUMNS.map(() => '?').join(', ')})`
export const UPDATE_IMAGE = `UPDATE images
  SET ${ROW_COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE n = ?`

export interface ImageRow {
  readonly n: number
  readonly revision: number
  readonly place: number
  readonly audiences: string
  readonly id: Uint8Array
  readonly name: string | null
  readonly status: GlanceStatus
  readonly visibility: Visibility
  readonly owner: string | null
  readonly is_hidden: number
  readonly is_protected: number
  readonly min_ram_mib: number
  readonly min_disk_gib: number
  readonly size_bytes: number | null
  readonly virtual_size_bytes: number | null
  readonly disk_format: string | null
  readonly container_format: string | null
  readonly checksum: string | null
  readonly hash_algorithm: string | null
  readonly hash_value: string | null
  readonly created_at: number
  readonly updated_at: number
  readonly tags: string
  readonly properties: string
  readonly members: string
}

/**
 * The row of an array of SELECT_IMAGE's columns. Reading many rows as arrays and making objects of
 * one shape here takes half as long as when SQLite's binding makes the objects.
 */
export function rowOfColumns(columns: readonly unknown[]): ImageRow {
  const text = (at: number) => columns[at] as string
  const number = (at: number) => columns[at] as number
  return {
    n: number(0),
    place: number(1),
    revision: number(2),
    audiences: text(3),
    id: columns[4] as Uint8Array,
    name: columns[5] as string | null,
    status: columns[6] as GlanceStatus,
    visibility: columns[7] as Visibility,
    owner: columns[8] as string | null,
    is_hidden: number(9),
    is_protected: number(10),
    min_ram_mib: number(11),
    min_disk_gib: number(12),
    size_bytes: columns[13] as number | null,
    virtual_size_bytes: columns[14] as number | null,
    disk_format: columns[15] as string | null,
    container_format: columns[16] as string | null,
    checksum: columns[17] as string | null,
    hash_algorithm: columns[18] as string | null,
    hash_value: columns[19] as string | null,
    created_at: number(20),
    updated_at: number(21),
    tags: text(22),
    properties: text(23),
    members: text(24),
  }
}

/** Most images have no tags and no members: that is not worth parsing. */
const EMPTY = '[]'
const NO_TAGS: readonly string[] = Object.freeze([])
const NO_MEMBERS: readonly Member[] = Object.freeze([])

/** The values of IMAGE_COLUMNS. */
export function imageValues(id: Buffer, image: Image): (string | number | null | Buffer)[] {
  return [
    id,
    image.name,
    image.status,
    image.visibility,
    image.owner,
    image.isHidden ? 1 : 0,
    image.isProtected ? 1 : 0,
    image.minRamMib,
    image.minDiskGib,
    image.sizeBytes,
    image.virtualSizeBytes,
    image.diskFormat,
    image.containerFormat,
    image.checksum,
    image.hashAlgorithm,
    image.hashValue,
    image.createdAt,
    image.updatedAt,
    image.tags.length === 0 ? EMPTY : JSON.stringify(image.tags),
    propertiesText(image.properties),
    image.members.length === 0 ? EMPTY : JSON.stringify(image.members.map(memberTuple)),
  ]
}

/** The image of a row, frozen. */
export function imageOfRow(row: ImageRow): Image {
  return Object.freeze({
    id: idText(row.id),
    name: row.name,
    status: row.status,
    visibility: row.visibility,
    owner: row.owner,
    isHidden: row.is_hidden === 1,
    isProtected: row.is_protected === 1,
    minRamMib: row.min_ram_mib,
    minDiskGib: row.min_disk_gib,
    sizeBytes: row.size_bytes,
    virtualSizeBytes: row.virtual_size_bytes,
    diskFormat: row.disk_format,
    containerFormat: row.container_format,
    checksum: row.checksum,
    hashAlgorithm: row.hash_algorithm,
    hashValue: row.hash_value,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    tags: row.tags === EMPTY ? NO_TAGS : (JSON.parse(row.tags) as string[]),
    properties: new Map(JSON.parse(row.properties) as [string, PropertyValue][]),
    members: row.members === EMPTY ? NO_MEMBERS : membersOfText(row.members),
  })
}

/**
 * A JSON list of pairs, in the order in which they were first written. Each pair is on a line of
 * its own with a tab before its value. JSON escapes both characters in texts, so a plain text
 * search finds exactly the pair (see `propertyNeedle`).
 */
function propertiesText(properties: ReadonlyMap<string, PropertyValue>): string {
  let text = '['
  for (const [key, value] of properties) {
    text += `${text === '[' ? '\n' : ',\n'}[${JSON.stringify(key)},\t${JSON.stringify(value)}]`
  }
  return `${text}]`
}

/** A text that an image's properties column contains if and only if it has that key and value. */
export function propertyNeedle(key: string, value: string): string {
  return `\n[${JSON.stringify(key)},\t${JSON.stringify(value)}]`
}

type MemberTuple = readonly [string, MemberStatus, number, number]

function memberTuple(member: Member): MemberTuple {
  return [member.project, member.status, member.createdAt, member.updatedAt]
}

function membersOfText(text: string): readonly Member[] {
  return (JSON.parse(text) as MemberTuple[]).map(memberOfTuple)
}

function memberOfTuple([project, status, createdAt, updatedAt]: MemberTuple): Member {
  return { project, status, createdAt, updatedAt }
}
