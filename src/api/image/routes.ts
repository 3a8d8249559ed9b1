import { allowFor, matchRoute, type Route, type RouteMatch } from '../route-table.ts'

/** What a request with a token asks this face to do. */
export type Operation =
  | 'enter'
  | 'list_images'
  | 'show_image'
  | 'show_image_schema'
  | 'show_images_schema'

/** Every route below `/v2`. Mirrors glance/api/v2/router.py, as far as it is served. */
const ROUTES: readonly Route<Operation>[] = [
  { path: [], operations: { GET: 'enter' } },
  { path: ['images'], operations: { GET: 'list_images' } },
  { path: ['images', ':id'], operations: { GET: 'show_image' } },
  { path: ['schemas', 'image'], operations: { GET: 'show_image_schema' } },
  { path: ['schemas', 'images'], operations: { GET: 'show_images_schema' } },
]

/** @param path the segments after the version. */
export function findRoute(method: string, path: readonly string[]): RouteMatch<Route<Operation>> {
  return matchRoute(ROUTES, method, path)
}

/** Methods for which everything outside `/v2` answers. */
export const PUBLIC_ALLOW = 'GET, HEAD, OPTIONS'

/** @param path the segments after the version. */
export function allowedAt(path: readonly string[]): string {
  return allowFor(ROUTES, path)
}
