/**
 * The versions that are served, the newest first: what a Glance without several stores and without
 * an image cache lists. Mirrors glance/api/versions.py (Controller.index).
 */
const VERSIONS: readonly string[] = [
  'v2.15',
  'v2.9',
  'v2.7',
  'v2.6',
  'v2.5',
  'v2.4',
  'v2.3',
  'v2.2',
  'v2.1',
  'v2.0',
]

/** First segments of a path that mean version 2 of the API. */
export const PREFIXES: ReadonlySet<string> = new Set(['v2', ...VERSIONS])

/** `GET /` and `GET /versions`. */
export function printVersions(base: string): string {
  const links = [{ rel: 'self', href: `${base}/v2/` }]
  const versions = VERSIONS.map((id, i) => ({
    id,
    status: i === 0 ? 'CURRENT' : 'SUPPORTED',
    links,
  }))
  return JSON.stringify({ versions })
}
