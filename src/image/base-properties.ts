/**
 * The names of the Image service's base schema; every other property of an image document is free.
 * Mirrors glance/api/v2/images.py (get_base_properties) and nova/image/glance.py
 * (_extract_attributes), which shows as metadata what is outside it.
 */
export const BASE_PROPERTIES: ReadonlySet<string> = new Set([
  'id',
  'name',
  'status',
  'visibility',
  'protected',
  'os_hidden',
  'checksum',
  'os_hash_algo',
  'os_hash_value',
  'owner',
  'size',
  'virtual_size',
  'container_format',
  'disk_format',
  'created_at',
  'updated_at',
  'tags',
  'direct_url',
  'locations',
  'min_ram',
  'min_disk',
  'self',
  'file',
  'schema',
  'stores',
  'deleted',
  'deleted_at',
])
