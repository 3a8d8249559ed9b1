import {
  allowFor,
  matchRoute,
  pathOf,
  type Route,
  type RouteMatch,
} from '../request/route-table.ts'

/** What an operation asks of a request before it is carried out. */
interface Demands {
  /** Glance's policy for it, where it changes something: a caller who may only read is refused. */
  readonly policy?: string
  /** A body that the operation does not take is refused, as in Glance's router (body_reject). */
  readonly body: 'refused' | 'ignored' | 'json' | 'stream'
}

/** What a request with a token asks this face to do. */
export const OPERATIONS = {
  enter: { body: 'ignored' },
  list_images: { body: 'ignored' },
  create_image: { body: 'json', policy: 'add_image' },
  show_image: { body: 'refused' },
  update_image: { body: 'json', policy: 'modify_image' },
  delete_image: { body: 'refused', policy: 'delete_image' },
  upload_data: { body: 'stream', policy: 'upload_image' },
  download_data: { body: 'refused' },
  stage_data: { body: 'stream', policy: 'upload_image' },
  import_data: { body: 'json', policy: 'modify_image' },
  deactivate_image: { body: 'refused', policy: 'deactivate' },
  reactivate_image: { body: 'refused', policy: 'reactivate' },
  add_tag: { body: 'refused', policy: 'modify_image' },
  delete_tag: { body: 'refused', policy: 'modify_image' },
  list_members: { body: 'refused' },
  add_member: { body: 'json', policy: 'add_member' },
  show_member: { body: 'refused' },
  update_member: { body: 'json', policy: 'modify_member' },
  delete_member: { body: 'refused', policy: 'delete_member' },
  list_image_tasks: { body: 'refused' },
  list_cloudimages: { body: 'ignored' },
  show_image_schema: { body: 'ignored' },
  show_images_schema: { body: 'ignored' },
  show_member_schema: { body: 'ignored' },
  show_members_schema: { body: 'ignored' },
  show_import_info: { body: 'refused' },
  show_stores: { body: 'refused' },
  show_usage: { body: 'ignored' },
} as const satisfies Readonly<Record<string, Demands>>

export type Operation = keyof typeof OPERATIONS

export function demandsOf(operation: Operation): Demands {
  return OPERATIONS[operation]
}

/** Every route below `/v2`. Mirrors glance/api/v2/router.py, as far as it is served. */
const ROUTES: readonly Route<Operation>[] = [
  { path: [], operations: { GET: 'enter' } },
  { path: ['images'], operations: { GET: 'list_images', POST: 'create_image' } },
  {
    path: ['images', ':id'],
    operations: { GET: 'show_image', PATCH: 'update_image', DELETE: 'delete_image' },
  },
  { path: ['images', ':id', 'file'], operations: { GET: 'download_data', PUT: 'upload_data' } },
  { path: ['images', ':id', 'stage'], operations: { PUT: 'stage_data' } },
  { path: ['images', ':id', 'import'], operations: { POST: 'import_data' } },
  { path: ['images', ':id', 'tasks'], operations: { GET: 'list_image_tasks' } },
  { path: ['images', ':id', 'actions', 'deactivate'], operations: { POST: 'deactivate_image' } },
  { path: ['images', ':id', 'actions', 'reactivate'], operations: { POST: 'reactivate_image' } },
  {
    path: ['images', ':id', 'tags', ':name'],
    operations: { PUT: 'add_tag', DELETE: 'delete_tag' },
  },
  { path: ['images', ':id', 'members'], operations: { GET: 'list_members', POST: 'add_member' } },
  {
    path: ['images', ':id', 'members', ':name'],
    operations: { GET: 'show_member', PUT: 'update_member', DELETE: 'delete_member' },
  },
  { path: ['cloudimages'], operations: { GET: 'list_cloudimages' } },
  { path: ['schemas', 'image'], operations: { GET: 'show_image_schema' } },
  { path: ['schemas', 'images'], operations: { GET: 'show_images_schema' } },
  { path: ['schemas', 'member'], operations: { GET: 'show_member_schema' } },
  { path: ['schemas', 'members'], operations: { GET: 'show_members_schema' } },
  { path: ['info', 'import'], operations: { GET: 'show_import_info' } },
  { path: ['info', 'stores'], operations: { GET: 'show_stores' } },
  { path: ['info', 'stores', 'detail'], operations: { GET: 'show_stores' } },
  { path: ['info', 'usage'], operations: { GET: 'show_usage' } },
]

/** @param path the segments after the version. */
export function findRoute(method: string, path: readonly string[]): RouteMatch<Route<Operation>> {
  return matchRoute(ROUTES, method, path)
}

/** Parts of Glance's Image API that are left out: the path prefix, and why. */
const LEFT_OUT: readonly { readonly path: readonly string[]; readonly what: string }[] = [
  { path: ['tasks'], what: 'Tasks are' },
  { path: ['schemas', 'task'], what: 'Tasks are' },
  { path: ['schemas', 'tasks'], what: 'Tasks are' },
  { path: ['metadefs'], what: 'Metadata definitions are' },
  { path: ['schemas', 'metadefs'], what: 'Metadata definitions are' },
  { path: ['cache'], what: 'The image cache is' },
  { path: ['stores'], what: 'Several stores are' },
  { path: ['images', ':id', 'locations'], what: 'Locations are' },
]

/** Why an unserved path is left out; undefined for an unknown path. */
export function whyLeftOut(path: readonly string[]): string | undefined {
  const found = LEFT_OUT.find((entry) =>
    entry.path.every(
      (part, i) => part === path[i] || (part.startsWith(':') && path[i] !== undefined),
    ),
  )
  return found && `${found.what} not served here; images, members, tags and image data are.`
}

/** Methods for which everything outside `/v2` answers. */
export const PUBLIC_ALLOW = 'GET, HEAD, OPTIONS'

/** @param path the segments after the version. */
export function allowedAt(path: readonly string[]): string {
  return allowFor(ROUTES, path)
}

/** The path of an operation, with `:name` for what varies in it; undefined: it has none. */
export function routeOf(operation: string): string | undefined {
  const path = pathOf(ROUTES, operation)
  return path === undefined ? undefined : `/v2/${path}`
}
