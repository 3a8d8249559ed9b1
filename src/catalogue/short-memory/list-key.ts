import type { ImageQuery } from '../../image/query.ts'
import type { Viewer } from '../../image/visibility.ts'
import type { Asker, ListWindow } from '../catalogue.ts'

/** All that a list depends on: who looks, and what they ask. */
export function listKey(
  asker: Asker,
  viewer: Viewer,
  query: ImageQuery,
  window: ListWindow,
  isKeyedByUser: boolean,
): string {
  const properties = [...(query.properties ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([
    asker.projectId,
    isKeyedByUser ? asker.userId : null,
    asker.roles,
    [viewer.project, viewer.isAdmin],
    [query.name ?? null, query.statuses ?? null],
    // Numbers as text, since JSON has no Infinity and no NaN.
    [query.changesSince, query.minRamMib, query.minDiskGib, window.limit].map(String),
    properties,
    window.after ?? null,
    window.marker ?? null,
  ])
}
