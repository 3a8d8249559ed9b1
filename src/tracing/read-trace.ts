import type { Trace } from './trace.ts'

/**
 * W3C Trace Context: version, trace id, parent id and flags, all in lower case. A version of the
 * future may have more behind another dash.
 */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x20-\x7e]*)?$/
/** Of the only version there is, which has nothing behind its flags. */
const VERSION_0_CHARACTERS = 55
/** A caller's whole header; the specification names no bound. */
const TRACEPARENT_CHARACTERS_MAX = 256

/** The bounds of W3C Trace Context, 3.3: what is above the first is no tracestate. */
const MEMBERS_MAX = 32
/** What at least is to be passed on of a longer one. */
const TRACESTATE_CHARACTERS_MAX = 512
/** Members that are longer go first. */
const LONG_MEMBER_CHARACTERS = 128
const MEMBER =
  /^[a-z0-9][a-z0-9_*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/** Of a request as Node gives them: several of one name are joined. */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** The caller's trace, to be passed on as it came; undefined if there is none, or none that is valid. */
export function readTrace(headers: Headers): Trace | undefined {
  const { traceparent, tracestate } = headers
  if (typeof traceparent !== 'string' || !isTraceparent(traceparent)) return undefined
  const state = typeof tracestate === 'string' ? readTracestate(tracestate) : undefined
  return {
    traceId: traceparent.slice(3, 35),
    headers: { traceparent, ...(state === undefined ? {} : { tracestate: state }) },
  }
}

function isTraceparent(text: string): boolean {
  if (text.length > TRACEPARENT_CHARACTERS_MAX || !TRACEPARENT.test(text)) return false
  return text.length === VERSION_0_CHARACTERS || !text.startsWith('00')
}

/** Unchanged if it is within the bounds; undefined if it is none. */
function readTracestate(text: string): string | undefined {
  const members = text
    .split(',')
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((member) => member !== '')
  if (members.length === 0 || members.length > MEMBERS_MAX) return undefined
  if (!members.every((member) => MEMBER.test(member))) return undefined
  return text.length <= TRACESTATE_CHARACTERS_MAX ? text : shortened(members)
}

/** Long members go first, then those at the end, which are the oldest. */
function shortened(members: readonly string[]): string | undefined {
  const left = [...members]
  const isTooLong = () => left.join(',').length > TRACESTATE_CHARACTERS_MAX
  for (let at = left.length - 1; at >= 0 && isTooLong(); at -= 1) {
    if ((left[at] ?? '').length > LONG_MEMBER_CHARACTERS) left.splice(at, 1)
  }
  while (isTooLong()) left.pop()
  return left.length === 0 ? undefined : left.join(',')
}
