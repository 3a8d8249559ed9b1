import { decodeQueryPart } from './target.ts'

/** Reads a query string: the last value of a repeated parameter wins. @returns as `readPairs` */
export function readParameters(rawQuery: string): Map<string, string> | undefined {
  const pairs = readPairs(rawQuery)
  return pairs && new Map(pairs)
}

/**
 * Reads a query string, each parameter as often as it is there; `;` separates like `&`.
 * @returns undefined for bad UTF-8, in whatever parameter it is.
 */
export function readPairs(rawQuery: string): [name: string, value: string][] | undefined {
  const pairs: [string, string][] = []
  if (rawQuery === '') return pairs
  for (const part of rawQuery.split(/[&;]/)) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = decodeQueryPart(equals === -1 ? part : part.slice(0, equals))
    const value = decodeQueryPart(equals === -1 ? '' : part.slice(equals + 1))
    if (name === undefined || value === undefined) return undefined
    pairs.push([name, value])
  }
  return pairs
}

/** White space of ASCII alone: Nova compares the text as it stands, and its database knows no other. */
const WHOLE_NUMBER = /^[ \t\n\r\f\v]*[-+]?\d+[ \t\n\r\f\v]*$/

/** A decimal whole number as Python's int() reads it (`+1`, ` 1`, `01`); NaN for anything else. */
export function readWholeNumber(text: string): number {
  return WHOLE_NUMBER.test(text) ? Number(text) : Number.NaN
}
