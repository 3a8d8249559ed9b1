import { isObject } from '../../../src/cli/compare/values.ts'
import type { Problem } from './compare.ts'
import {
  type Context,
  type Difference,
  FAULT_DIFFERENCES,
  refusedWith,
} from './fault-differences.ts'

/** The query as it was asked. */
function query({ record }: Context): string {
  return record.path.split('?')[1] ?? ''
}

/** Images found when the last value of a repeated parameter counts. */
const BY_LAST_VALUE: Readonly<Record<string, readonly string[]>> = {
  'sort=name:asc&sort=id:asc': ['d', 'a', 'c', 'b', 'z', 'n'],
  'limit=2&limit=3': ['n', 'z', 'b'],
  'marker={image:b}&marker={image:z}': ['b', 'c', 'a', 'd'],
  'visibility=private&visibility=public': ['public'],
}

function isByRepeatedParameter({ where, ours }: Problem, context: Context): boolean {
  const asked = query(context)
  const names = asked.split('&').map((part) => part.split('=')[0])
  if (new Set(names).size === names.length) return false
  if (where === 'body.first') return ours === `/v2/images?${asked}`
  if (where === 'body.next') return ours === '/v2/images?limit=3&marker={image:b}'
  const labels = BY_LAST_VALUE[asked]?.map((label) => `{image:${label}}`)
  return where === 'body.images' && JSON.stringify(ours) === JSON.stringify(labels)
}

function tagsAt(body: unknown, where: string): string {
  const path = where.split('.').slice(1, -1)
  const tags = path.reduce<unknown>(
    (value, key) => (value as Record<string, unknown> | undefined)?.[key],
    body,
  )
  // Glance reads the bytes of a path as Latin-1.
  return JSON.stringify(Array.isArray(tags) ? tags.toSorted() : tags).replaceAll('Ã¼', 'ü')
}

/** Images found when times are whole seconds, by operator. */
const BY_WHOLE_SECONDS: Readonly<Record<string, readonly string[]>> = {
  created_at: ['second'],
  'created_at=eq': ['second'],
  'created_at=neq': ['third', 'first'],
  'created_at=gt': ['third'],
  'created_at=lte': ['second', 'first'],
  updated_at: ['second'],
  'updated_at=eq': ['second'],
  'updated_at=neq': ['third', 'first'],
  'updated_at=gt': ['third', 'first'],
  'updated_at=lte': ['second'],
}

function isByWholeSeconds({ where, ours }: Problem, context: Context): boolean {
  const asked = /^(\w+)=(?:(\w+):)?\{\w+:second\}$/.exec(query(context))
  if (where !== 'body.images' || asked === null) return false
  const [, field, operator] = asked
  const labels = BY_WHOLE_SECONDS[operator === undefined ? `${field}` : `${field}=${operator}`]
  return JSON.stringify(ours) === JSON.stringify(labels?.map((label) => `{image:${label}}`))
}

function versionsOf(versions: unknown): readonly string[] {
  return Array.isArray(versions) ? versions.map(({ id }) => String(id)) : ['none']
}

const ANSWER_DIFFERENCES: readonly Difference[] = [
  {
    id: 'versions-advertised',
    explains: ({ where, glance, ours }) =>
      where === 'body.versions' && versionsOf(ours).every((v) => versionsOf(glance).includes(v)),
  },
  {
    id: 'accept-no-version',
    explains: (_, { record, ours }) =>
      record.headers['Accept']?.startsWith('application/vnd.openstack.images') === true &&
      ours.status === 300,
  },
  {
    id: 'no-type-without-body',
    explains: ({ where, ours: type }, { ours }) =>
      where === 'header:content-type' && type === '' && ours.body === '',
  },
  {
    id: 'schema-descriptions',
    explains: ({ where, ours }, { record }) =>
      record.path.startsWith('/v2/schemas/') &&
      where.endsWith('.description') &&
      typeof ours === 'string',
  },
  {
    id: 'schema-formats',
    explains: ({ where, ours }, { record }) =>
      record.path.startsWith('/v2/schemas/') &&
      ours === undefined &&
      /\.((disk_format|container_format|cinder_encryption_key_deletion_policy)\.enum|(kernel|ramdisk)_id\.pattern|validation_data)$/.test(
        where,
      ),
  },
  {
    id: 'import-methods',
    explains: ({ where, ours }, context) =>
      (where === 'header:openstack-image-import-methods' && ours === 'glance-direct') ||
      (where === 'body.import-methods.value' && JSON.stringify(ours) === '["glance-direct"]') ||
      (/web-download|copy-image/.test(context.record.body ?? '') &&
        refusedWith(context, 400, /^Unknown import method name '[a-z-]+'\.$/)),
  },
  {
    id: 'import-leaves-nothing',
    explains: ({ where, ours }) =>
      /^body\.os_glance_(import_task|importing_to_stores|failed_import)$/.test(where) &&
      ours === undefined,
  },
  {
    id: 'head',
    explains: (_, { record, ours }) =>
      record.method === 'HEAD' &&
      record.status === 405 &&
      (ours.status === 200 || ours.status === 204) &&
      ours.body === '',
  },
  {
    id: 'tags-sorted',
    explains: ({ where }, { record, ours }) =>
      /\.tags\.\d+$/.test(where) && tagsAt(record.responseBody, where) === tagsAt(ours.body, where),
  },
  {
    id: 'ids-in-lower-case',
    explains: (_, { record, ours }) =>
      /capitals\}/.test(record.path + record.body) &&
      (ours.status === 200 || ours.status === 201) &&
      isObject(ours.body) &&
      ours.body['id'] === '{image:capitals}',
  },
  {
    id: 'deleted-ids',
    explains: (_, { record, ours }) =>
      record.name === 'an id that was deleted' && ours.status === 201,
  },
  {
    id: 'all-of-unicode',
    explains: (_, { record, ours }) =>
      /4 byte unicode/.test(JSON.stringify(record.responseBody)) && ours.status === 201,
  },
  {
    id: 'paths-are-utf8',
    explains: ({ where, ours }, { record }) =>
      record.path.endsWith('%C3%BC') && where === 'body.message' && String(ours).endsWith('ü'),
  },
  {
    id: 'hashes-are-read-only',
    explains: (_, context) =>
      /^read-only os_hash/.test(context.record.name) &&
      refusedWith(context, 403, /^Attribute 'os_hash_(algo|value)' is read-only\.$/),
  },
  {
    id: 'ownerless-images',
    explains: (_, context) =>
      context.record.path.endsWith('{image:ownerless}') &&
      refusedWith(context, 404, 'No image found with ID {image:ownerless}'),
  },
  {
    id: 'filters-refused',
    explains: (_, context) =>
      context.record.status === 200 &&
      refusedWith(context, 400, /^The query parameter '(tags|os_hash_algo)' is not served here\.$/),
  },
  { id: 'times-in-whole-seconds', explains: isByWholeSeconds },
  {
    id: 'list-marker-invisible',
    explains: (_, context) =>
      context.record.status === 403 &&
      query(context).startsWith('marker=') &&
      refusedWith(context, 400, /^No image found with ID /),
  },
  {
    id: 'list-next-only-if-more',
    explains: ({ where, ours }) => where === 'body.next' && ours === undefined,
  },
  { id: 'list-repeated-parameters', explains: isByRepeatedParameter },
  {
    id: 'list-limit-digits',
    explains: (_, context) =>
      query(context) === 'limit=1_0' && refusedWith(context, 400, 'limit param must be an integer'),
  },
]

export const DIFFERENCES: readonly Difference[] = [...FAULT_DIFFERENCES, ...ANSWER_DIFFERENCES]
