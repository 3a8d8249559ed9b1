import { DEPRECATED_AT, type DeprecationPolicy } from '../../deprecation/policy.ts'

/** Where the built-in page about the end of these calls is. */
export const PAGE_PATH = '/deprecation'

/** A longer header is left out: a client that refuses the header would lose the answer. */
const LINK_BYTES_MAX = 4096

/**
 * Headers of every answer about images that announce its end: `Deprecation` (RFC 9745), `Sunset`
 * (RFC 8594), and `Link` (RFC 8288) to the request that replaces it (RFC 5829, `successor-version`)
 * and to a page for people.
 * @param base where this server is reached; the built-in page is there.
 * @param successor undefined if no single request asks the same.
 */
export function deprecationHeaders(
  policy: DeprecationPolicy,
  base: string,
  successor: string | undefined,
): Record<string, string> {
  const page = `<${policy.policyUrl ?? `${base}${PAGE_PATH}`}>; rel="deprecation"; type="text/html"`
  const link = successor === undefined ? page : `<${successor}>; rel="successor-version", ${page}`
  return {
    deprecation: `@${DEPRECATED_AT}`,
    ...(policy.sunsetAt === undefined ? {} : { sunset: httpDate(policy.sunsetAt) }),
    ...(Buffer.byteLength(link) > LINK_BYTES_MAX ? {} : { link }),
  }
}

/** IMF-fixdate of RFC 9110, 5.6.7. */
function httpDate(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toUTCString()
}
