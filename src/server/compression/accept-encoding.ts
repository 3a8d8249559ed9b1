import type { Coding } from './codings.ts'

/** What a caller takes, of what this server makes. */
export interface Accepted {
  /** The coding to use; undefined: the plain form. */
  readonly coding: Coding | undefined
  /** The caller refuses the plain form, so that a small body is compressed too. */
  readonly isPlainRefused: boolean
}

/** The best first, where the caller likes several the same: the fastest, which is also the smallest. */
const BY_NAME: readonly Coding[] = ['zstd', 'br', 'gzip']
/** For `*`, which names none: the one that every client knows. */
const BY_STAR: readonly Coding[] = ['gzip', 'br', 'zstd']

const PLAIN: Accepted = { coding: undefined, isPlainRefused: false }

/**
 * Reads `Accept-Encoding` (RFC 9110, 12.5.3). No header is taken for a wish for the plain form, as a
 * client that decodes nothing sends none. An element that cannot be read counts for nothing.
 */
export function readAcceptEncoding(header: string | undefined): Accepted {
  if (header === undefined || header === '') return PLAIN
  const weights = weightsOf(header)
  const star = weights.get('*')
  const plain = weights.get('identity') ?? (star === 0 ? 0 : undefined)
  const named = BY_NAME.filter((coding) => weights.has(coding))
  const starred = star === undefined ? [] : BY_STAR.filter((coding) => !weights.has(coding))
  let best: Coding | undefined
  let bestWeight = 0
  for (const coding of [...named, ...starred]) {
    const weight = weights.get(coding) ?? star ?? 0
    if (weight > bestWeight) {
      best = coding
      bestWeight = weight
    }
  }
  const isPlainLiked = plain !== undefined && plain > bestWeight
  return { coding: isPlainLiked ? undefined : best, isPlainRefused: plain === 0 }
}

const ELEMENT =
  /^([!#$%&'*+.^_`|~0-9a-z-]+)(?:[ \t]*;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?$/

/** Of several elements with one name the last counts. */
function weightsOf(header: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>()
  for (const element of header.toLowerCase().split(',')) {
    const [, name, weight] = ELEMENT.exec(element.trim()) ?? []
    // RFC 9110, 8.4.1.3
    if (name !== undefined) weights.set(name === 'x-gzip' ? 'gzip' : name, Number(weight ?? 1))
  }
  return weights
}
