import {
  allowFor,
  matchRoute,
  pathOf,
  type Route,
  type RouteMatch,
} from '../request/route-table.ts'
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

interface ImageRoute extends Route<Operation> {
  /** The last microversion that has it. */
  readonly until: Microversion
}

/**
 * Every route. The same under `/v2` and `/v2.1`, with and without a project. A fixed segment comes
 * before one that takes anything. Mirrors nova/api/openstack/compute/routes.py.
 */
const ROUTES: readonly ImageRoute[] = [
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

/** Nova's project_id_regex default (nova/api/openstack/__init__.py, ProjectMapper). */
const PROJECT_ID = /^[0-9a-f-]+$/

/** Splits what follows the version into the project, if there is one, and the resource's path. */
export function splitPath(rest: readonly string[]): {
  project: string | undefined
  path: readonly string[]
} {
  const [project] = rest
  return project !== undefined && PROJECT_ID.test(project)
    ? { project, path: rest.slice(1) }
    : { project: undefined, path: rest }
}

/**
 * The operation of a method on a path. `DELETE images/detail` matches `images/:id` with an id that
 * no image has, as in Nova.
 */
export function findRoute(method: string, path: readonly string[]): RouteMatch<ImageRoute> {
  return matchRoute(ROUTES, method, path)
}

export function allowedAt(path: readonly string[]): string {
  return allowFor(ROUTES, path)
}

/** The path of an operation, with `:name` for what varies in it; undefined: it has none. */
export function routeOf(operation: string): string | undefined {
  const path = pathOf(ROUTES, operation)
  return path === undefined ? undefined : `/v2.1/${path}`
}
