/**
 * Which parameters of `GET /v2/images` have a meaning of their own in the Image service; every
 * other parameter filters by the free property of its name. Mirrors glance/api/v2/images.py (index)
 * and glance/db/sqlalchemy/api.py (_make_conditions_from_filters).
 */
export function hasOwnMeaning(parameter: string): boolean {
  return (
    CONTROLS.has(parameter) ||
    COLUMNS.has(parameter) ||
    MODEL_ATTRIBUTES.has(parameter) ||
    RANGE.test(parameter) ||
    parameter.startsWith('_')
  )
}

/** They steer the list. */
const CONTROLS: ReadonlySet<string> = new Set([
  'limit',
  'marker',
  'sort',
  'sort_key',
  'sort_dir',
  'member_status',
  'tag',
  'changes-since',
])

/** They ask about a column of the image's own row. */
const COLUMNS: ReadonlySet<string> = new Set([
  'id',
  'name',
  'status',
  'visibility',
  'owner',
  'protected',
  'os_hidden',
  'min_ram',
  'min_disk',
  'size',
  'virtual_size',
  'disk_format',
  'container_format',
  'checksum',
  'os_hash_algo',
  'os_hash_value',
  'created_at',
  'updated_at',
  'deleted',
  'deleted_at',
])

/**
 * Names of attributes of Glance's model class, with which Glance compares something else: the
 * result is an empty list or an error. Names that begin with an underscore are on every Python
 * class.
 */
const MODEL_ATTRIBUTES: ReadonlySet<string> = new Set([
  'delete',
  'get',
  'items',
  'iteritems',
  'keys',
  'locations',
  'members',
  'metadata',
  'properties',
  'registry',
  'save',
  'tags',
  'to_dict',
  'update',
  'values',
])

/** `size_min=1`: the least value of a column; an error for a name that is not a column. */
const RANGE = /_(?:min|max)$/
