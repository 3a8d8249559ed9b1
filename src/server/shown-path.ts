/** Characters of a path that are logged. */
const PATH_CHARACTERS_MAX = 512
/** A segment of a path that is longer, or begins as tokens do, may be a token (Keystone v2.0). */
const ID_CHARACTERS_MAX = 64
const TOKEN = /^(?:gAAAA|ait_)/
const HIDDEN = '[hidden]'

/** The path of a target for logs and traces: without the query, and without what may be a token. */
export function shownPath(target: string): string {
  const queryAt = target.search(/[?#]/)
  const path = queryAt < 0 ? target : target.slice(0, queryAt)
  return path
    .slice(0, PATH_CHARACTERS_MAX)
    .split('/')
    .map((part) => (part.length > ID_CHARACTERS_MAX || TOKEN.test(part) ? HIDDEN : part))
    .join('/')
}
