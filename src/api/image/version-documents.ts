/** The versions that are served, the newest first. Mirrors glance/api/versions.py. */

interface Version {
  readonly id: string
  readonly status: 'CURRENT' | 'SUPPORTED'
}

/**
 * Glance counts up to 2.15; each number promises writes, imports or stores that are not served yet.
 */
const VERSIONS: readonly Version[] = [{ id: 'v2.0', status: 'CURRENT' }]

/** First segments of a path that mean version 2 of the API. */
export const PREFIXES: ReadonlySet<string> = new Set(['v2', ...VERSIONS.map(({ id }) => id)])

/** `GET /` and `GET /versions`. */
export function printVersions(base: string): string {
  const links = [{ rel: 'self', href: `${base}/v2/` }]
  return JSON.stringify({ versions: VERSIONS.map(({ id, status }) => ({ id, status, links })) })
}
