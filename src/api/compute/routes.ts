import { IMAGES_UNTIL, METADATA_UNTIL, type Microversion } from './versions.ts'

/** What a request asks this face to do. */
export type Operation =
  | 'list_images'
  | 'list_images_detail'
  | 'show_image'
  | 'delete_image'
  | 'show_metadata'
  | 'merge_metadata'
  | 'replace_metadata'
  | 'show_metadata_item'
  | 'set_metadata_item'
  | 'delete_metadata_item'

export interface Route {
  /** After the prefix and the project; a `:name` takes any one segment. */
  readonly path: readonly string[]
  readonly operations: Readonly<Partial<Record<'GET' | 'POST' | 'PUT' | 'DELETE', Operation>>>
  /** The last microversion that has it. */
  readonly until: Microversion
}

/**
 * Every route. The same under `/v2` and `/v2.1`, with and without a project. A fixed segment comes
 * before one that takes anything. Mirrors nova/api/openstack/compute/routes.py.
 */
export const ROUTES: readonly Route[] = [
  { path: ['images'], operations: { GET: 'list_images' }, until: IMAGES_UNTIL },
  { path: ['images', 'detail'], operations: { GET: 'list_images_detail' }, until: IMAGES_UNTIL },
  {
    path: ['images', ':id'],
    operations: { GET: 'show_image', DELETE: 'delete_image' },
    until: IMAGES_UNTIL,
  },
  {
    path: ['images', ':id', 'metadata'],
    operations: { GET: 'show_metadata', POST: 'merge_metadata', PUT: 'replace_metadata' },
    until: METADATA_UNTIL,
  },
  {
    path: ['images', ':id', 'metadata', ':key'],
    operations: {
      GET: 'show_metadata_item',
      PUT: 'set_metadata_item',
      DELETE: 'delete_metadata_item',
    },
    until: METADATA_UNTIL,
  },
]

export type RouteMatch =
  | {
      readonly kind: 'operation'
      readonly operation: Operation
      readonly until: Microversion
      readonly id: string
      readonly key: string
    }
  /** The path is known, the method is not. */
  | { readonly kind: 'method'; readonly allow: string }
  | { readonly kind: 'none' }

/** Finds what a method on a path does; HEAD is found wherever GET is. */
export function matchRoute(method: string, segments: readonly string[]): RouteMatch {
  const asked = method === 'HEAD' ? 'GET' : method
  let first: Route | undefined
  for (const route of ROUTES) {
    if (!fits(route.path, segments)) continue
    first ??= route
    const operation = Object.hasOwn(route.operations, asked)
      ? route.operations[asked as keyof Route['operations']]
      : undefined
    // DELETE images/detail falls to images/:id, where it is the id of no image, as in Nova.
    if (operation === undefined) continue
    const [, id = '', , key = ''] = segments
    return { kind: 'operation', operation, until: route.until, id, key }
  }
  return first === undefined ? { kind: 'none' } : { kind: 'method', allow: allowedBy(first) }
}

/** The value of `Allow` for a path: of the route that names it most closely. */
export function allowFor(segments: readonly string[]): string {
  const route = ROUTES.find(({ path }) => fits(path, segments))
  return route === undefined ? 'OPTIONS' : allowedBy(route)
}

function allowedBy(route: Route): string {
  const methods = Object.keys(route.operations).flatMap((m) =>
    m === 'GET' ? ['GET', 'HEAD'] : [m],
  )
  return [...methods, 'OPTIONS'].join(', ')
}

function fits(path: readonly string[], segments: readonly string[]): boolean {
  return (
    path.length === segments.length &&
    path.every((part, i) => part.startsWith(':') || part === segments[i])
  )
}
