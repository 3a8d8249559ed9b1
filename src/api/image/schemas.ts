/**
 * What an image document holds, as JSON schemas: clients read them to tell the fields of the
 * service from free properties. Names and types mirror glance/api/v2/images.py
 * (get_base_properties) and the schema-image.json that Glance ships; formats have no list of
 * allowed words here, since a catalogue shows whatever was imported.
 */

export interface PropertySchema {
  readonly type: string | readonly string[]
  readonly description: string
  readonly readOnly?: true
  readonly maxLength?: number
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly items?: object
  /** Glance marks a property that is known but not its own. */
  readonly is_base?: false
}

const TEXT_OR_NULL = ['null', 'string']
const NUMBER_OR_NULL = ['null', 'integer']
const READ_ONLY = { readOnly: true } as const
const HEX = '([0-9a-fA-F])'
export const UUID = `^${HEX}{8}-${HEX}{4}-${HEX}{4}-${HEX}{4}-${HEX}{12}$`

const BASE: Readonly<Record<string, PropertySchema>> = {
  id: {
    type: 'string',
    description: 'The UUID of the image',
    pattern: UUID,
  },
  name: {
    type: TEXT_OR_NULL,
    description: 'A name for people; need not be unique',
    maxLength: 255,
  },
  status: {
    type: 'string',
    ...READ_ONLY,
    description: 'How far the image has come',
    enum: [
      'queued',
      'saving',
      'active',
      'killed',
      'deleted',
      'uploading',
      'importing',
      'pending_delete',
      'deactivated',
    ],
  },
  visibility: {
    type: 'string',
    description: 'Who may see the image',
    enum: ['community', 'public', 'private', 'shared'],
  },
  protected: { type: 'boolean', description: 'Whether the image is safe from being deleted' },
  os_hidden: { type: 'boolean', description: 'Whether lists leave the image out' },
  checksum: {
    type: TEXT_OR_NULL,
    ...READ_ONLY,
    description: 'MD5 of the data, in hex',
    maxLength: 32,
  },
  os_hash_algo: {
    type: TEXT_OR_NULL,
    ...READ_ONLY,
    description: 'The algorithm behind os_hash_value',
    maxLength: 64,
  },
  os_hash_value: {
    type: TEXT_OR_NULL,
    ...READ_ONLY,
    description: 'Hash of the data by os_hash_algo, in hex',
    maxLength: 128,
  },
  owner: {
    type: TEXT_OR_NULL,
    description: 'The project that the image belongs to',
    maxLength: 255,
  },
  size: { type: NUMBER_OR_NULL, ...READ_ONLY, description: 'Bytes of data' },
  virtual_size: {
    type: NUMBER_OR_NULL,
    ...READ_ONLY,
    description: 'Bytes of the disk that the data unpacks to',
  },
  container_format: { type: TEXT_OR_NULL, description: 'How the data is wrapped' },
  disk_format: { type: TEXT_OR_NULL, description: 'How the disk is laid out' },
  created_at: { type: 'string', ...READ_ONLY, description: 'When the image was made' },
  updated_at: { type: 'string', ...READ_ONLY, description: 'When the image last changed' },
  tags: {
    type: 'array',
    description: 'Words to find the image by',
    items: { type: 'string', maxLength: 255 },
  },
  direct_url: { type: 'string', ...READ_ONLY, description: 'Where the data is stored' },
  min_ram: { type: 'integer', description: 'Memory that the image needs to start, in MiB' },
  min_disk: { type: 'integer', description: 'Disk that the image needs to start, in GiB' },
  self: { type: 'string', ...READ_ONLY, description: 'The path of this document' },
  file: { type: 'string', ...READ_ONLY, description: 'The path of the data' },
  stores: { type: 'string', ...READ_ONLY, description: 'The stores that hold the data' },
  schema: { type: 'string', ...READ_ONLY, description: 'The path of this schema' },
  locations: {
    type: 'array',
    description: 'Every place where the data is stored',
    items: {
      type: 'object',
      properties: { url: { type: 'string', maxLength: 255 }, metadata: { type: 'object' } },
      required: ['url', 'metadata'],
    },
  },
}

const KNOWN: Readonly<Record<string, PropertySchema>> = {
  kernel_id: known(TEXT_OR_NULL, 'The image of the kernel that this one starts with'),
  ramdisk_id: known(TEXT_OR_NULL, 'The image of the initial RAM disk that this one starts with'),
  instance_uuid: known('string', 'The server that the image was made from'),
  architecture: known('string', 'The processor architecture that the image is for'),
  os_distro: known('string', 'The operating system distribution'),
  os_version: known('string', 'The version of the operating system'),
  description: known('string', 'What the image is for, in words'),
  cinder_encryption_key_id: known('string', 'The key of a volume made from the image'),
  cinder_encryption_key_deletion_policy: known('string', 'What becomes of the key with the image'),
}

function known(type: PropertySchema['type'], description: string): PropertySchema {
  return { type, description, is_base: false }
}

/** Every property that the schema names. */
export const IMAGE_PROPERTIES: Readonly<Record<string, PropertySchema>> = { ...BASE, ...KNOWN }

const IMAGE = {
  name: 'image',
  properties: IMAGE_PROPERTIES,
  additionalProperties: { type: 'string' },
  links: [
    { rel: 'self', href: '{self}' },
    { rel: 'enclosure', href: '{file}' },
    { rel: 'describedby', href: '{schema}' },
  ],
}

const IMAGES = {
  name: 'images',
  properties: {
    images: { type: 'array', items: IMAGE },
    first: { type: 'string' },
    next: { type: 'string' },
    schema: { type: 'string' },
  },
  links: [
    { rel: 'first', href: '{first}' },
    { rel: 'next', href: '{next}' },
    { rel: 'describedby', href: '{schema}' },
  ],
}

const MEMBER = {
  name: 'member',
  properties: {
    member_id: { type: 'string', description: 'The project that the image is shared with' },
    image_id: { type: 'string', description: 'The UUID of the image', pattern: UUID },
    created_at: { type: 'string', description: 'When the image was shared' },
    updated_at: { type: 'string', description: 'When the member last answered' },
    status: {
      type: 'string',
      description: 'What the member answered',
      enum: ['pending', 'accepted', 'rejected'],
    },
    schema: { ...READ_ONLY, type: 'string' },
  },
}

const MEMBERS = {
  name: 'members',
  properties: { members: { type: 'array', items: MEMBER }, schema: { type: 'string' } },
  links: [{ rel: 'describedby', href: '{schema}' }],
}

/** Whether the schema names the property; the value of one it does not name is always text. */
export function isInSchema(property: string): boolean {
  return Object.hasOwn(IMAGE_PROPERTIES, property)
}

export const IMAGE_SCHEMA = JSON.stringify(IMAGE)
export const IMAGES_SCHEMA = JSON.stringify(IMAGES)
export const MEMBER_SCHEMA = JSON.stringify(MEMBER)
export const MEMBERS_SCHEMA = JSON.stringify(MEMBERS)
