/** More than a day is no hint to anybody. */
const RETRY_AFTER_MAX_S = 86_400

/** `Date.parse` alone takes far more for a date. */
const HTTP_DATE = /^[A-Z][a-z]{2,8}, /

/** Seconds, from a Retry-After header in either of its forms (RFC 9110, 10.2.3). */
export function readRetryAfterS(
  header: string | readonly string[] | undefined,
  nowMs: number,
): number | undefined {
  const text = (typeof header === 'string' ? header : header?.[0])?.trim()
  if (text === undefined || text === '') return undefined
  const isCount = /^\d+$/.test(text)
  if (!isCount && !HTTP_DATE.test(text)) return undefined
  const seconds = isCount ? Number(text) : Math.ceil((Date.parse(text) - nowMs) / 1000)
  if (Number.isNaN(seconds)) return undefined
  return Math.min(Math.max(seconds, 0), RETRY_AFTER_MAX_S)
}
