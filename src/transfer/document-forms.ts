import { BASE_PROPERTIES } from '../image/base-properties.ts'

/**
 * Image documents as other programs print them, told by their shape: the `openstack` command, openstacksdk,
 * the Compute API, and dumps in which a number or a boolean stands for text. Each becomes the document
 * that the Image service prints.
 */

export type Fields = Readonly<Record<string, unknown>>

export interface Recognised {
  readonly document: Fields
  /** Fields that say something and have no place here, such as `locations`. */
  readonly leftOut: readonly string[]
}

/** What the Image service itself prints of where the data is, which is not here. */
const WHEREABOUTS = ['locations', 'direct_url', 'stores'] as const

/** @returns the fields of a document that are left out though they say something */
export function whereaboutsIn(document: Fields): readonly string[] {
  return WHEREABOUTS.filter(
    (name) => Object.hasOwn(document, name) && saysSomething(document[name]),
  )
}

function saysSomething(value: unknown): boolean {
  return value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)
}

/**
 * openstacksdk names every field that it knows of. The Image service prints `locations` only where
 * it has some, so null there is openstacksdk's, under whichever names the rest stands.
 */
export function isOfSdk(image: Fields): boolean {
  return (
    Object.hasOwn(image, 'is_protected') ||
    Object.hasOwn(image, 'is_hidden') ||
    (Object.hasOwn(image, 'locations') && image['locations'] === null)
  )
}

/** @param json what stands for an image in a file */
export function recognise(json: Fields): Recognised {
  const inner = json['image']
  const document = Object.keys(json).length === 1 && isObject(inner) ? inner : json
  if (isObject(document['metadata']) && !isObject(document['properties']))
    return ofCompute(document)
  if (typeof document['ID'] === 'string') return ofCommandList(document)
  return ofImage(document)
}

/** An image of the Compute API, or openstacksdk's of it. Mirrors nova/api/openstack/compute/views/images.py. */
function ofCompute(image: Fields): Recognised {
  const { metadata, ...rest } = image
  const properties = metadata as Fields
  const owner = properties['owner_id']
  const size = rest['OS-EXT-IMG-SIZE:size'] ?? rest['size']
  const status = statusOf(rest['status'], rest['progress'])
  const document = {
    ...texts(properties),
    id: rest['id'],
    name: rest['name'],
    status,
    ...(typeof owner === 'string' ? { owner } : {}),
    min_ram: number(rest['minRam'] ?? rest['min_ram']),
    min_disk: number(rest['minDisk'] ?? rest['min_disk']),
    // Compute says 0 where there is no size yet.
    size: size === 0 && status !== 'active' ? null : number(size),
    created_at: rest['created'] ?? rest['created_at'],
    updated_at: rest['updated'] ?? rest['updated_at'],
  }
  return { document, leftOut: [] }
}

const STATUSES: Readonly<Record<string, string>> = {
  ACTIVE: 'active',
  SAVING: 'saving',
  ERROR: 'killed',
  DELETED: 'deleted',
  UNKNOWN: 'deactivated',
}
const QUEUED_PERCENT = 25

function statusOf(status: unknown, progress: unknown): unknown {
  if (typeof status !== 'string') return status
  const word = status.toUpperCase()
  if (word === 'SAVING' && progress === QUEUED_PERCENT) return 'queued'
  return Object.hasOwn(STATUSES, word) ? STATUSES[word] : status
}

const COLUMNS: Readonly<Record<string, string>> = {
  ID: 'id',
  Name: 'name',
  'Disk Format': 'disk_format',
  'Container Format': 'container_format',
  Size: 'size',
  Checksum: 'checksum',
  Status: 'status',
  Visibility: 'visibility',
  Protected: 'protected',
  Project: 'owner',
  Tags: 'tags',
}
/** That list tells no times; the same each time, so that importing it twice changes nothing. */
const NO_TIME = '1970-01-01T00:00:00Z'

/** A row of `openstack image list -f json`, `--long` or not. */
function ofCommandList(row: Fields): Recognised {
  const entries = Object.entries(row).map(([name, value]) => [COLUMNS[name] ?? name, value])
  return { document: { ...Object.fromEntries(entries), created_at: NO_TIME }, leftOut: [] }
}

/** openstacksdk's names for fields of the Image service (openstack/image/v2/image.py). */
const SDK_NAMES: Readonly<Record<string, string>> = {
  is_hidden: 'os_hidden',
  is_protected: 'protected',
  hash_algo: 'os_hash_algo',
  hash_value: 'os_hash_value',
  has_auto_disk_config: 'auto_disk_config',
  is_hw_boot_menu_enabled: 'hw_boot_menu',
  is_hw_vif_multiqueue_enabled: 'hw_vif_multiqueue_enabled',
  needs_config_drive: 'img_config_drive',
  needs_secure_boot: 'os_secure_boot',
}
const SDK_OWN: ReadonlySet<string> = new Set(['location', 'links', 'store', 'url', 'metadata'])
const NUMBERS: ReadonlySet<string> = new Set(['min_ram', 'min_disk', 'size', 'virtual_size'])
const BOOLEANS: ReadonlySet<string> = new Set(['protected', 'os_hidden'])

/** `openstack image show -f json`, openstacksdk's `to_dict()`, and dumps with numbers for text. */
function ofImage(image: Fields): Recognised {
  const { properties, ...rest } = image
  const isSdk = isOfSdk(rest)
  const free = isObject(properties) ? properties : {}
  const plain = isObject(properties) || isSdk || properties === undefined ? {} : { properties }
  const document: Record<string, unknown> = { ...texts(free), ...plain }
  for (const [name, value] of Object.entries(rest)) {
    // It tells every property that it knows of, with null for those that the image has not.
    if (isSdk && (SDK_OWN.has(name) || (value === null && !BASE_PROPERTIES.has(name)))) continue
    if (isSdk && name === 'owner_id' && rest['owner'] === value) continue
    const known = isSdk && Object.hasOwn(SDK_NAMES, name) ? SDK_NAMES[name] : undefined
    define(document, known ?? name, value)
  }
  if (typeof document['links'] === 'object') delete document['links']
  for (const [name, value] of Object.entries(document)) define(document, name, settled(name, value))
  return { document, leftOut: whereaboutsIn(document) }
}

function settled(name: string, value: unknown): unknown {
  if (NUMBERS.has(name)) return number(value)
  if (BOOLEANS.has(name)) return typeof value === 'string' ? boolean(value) : value
  if (BASE_PROPERTIES.has(name) && name !== 'name') return value
  return JSON_PROPERTIES.has(name) && typeof value === 'object' ? jsonText(value) : text(value)
}

/** Free properties are text; a dump may hold what the text says. */
function texts(properties: Fields): Record<string, unknown> {
  const entries = Object.entries(properties).map(([name, value]) => [name, settled(name, value)])
  return Object.fromEntries(entries)
}

/** Nova shows the text of these parsed (nova/image/glance.py, _convert). */
const JSON_PROPERTIES: ReadonlySet<string> = new Set(['block_device_mapping', 'mappings'])

function jsonText(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value)
}

/** A number that is not exact here would become another one, so it stays a fault. */
function text(value: unknown): unknown {
  const isInexact = Number.isInteger(value) && !Number.isSafeInteger(value)
  if (typeof value === 'boolean' || (typeof value === 'number' && !isInexact)) return String(value)
  return value
}

function number(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
}

function boolean(word: string): unknown {
  const lower = word.toLowerCase()
  return lower === 'true' || lower === 'false' ? lower === 'true' : word
}

/** As its own field, `__proto__` too. */
function define(document: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(document, name, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  })
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
