import { decodeQueryPart } from './target.ts'

/**
 * Reads a query string: the last value of a repeated parameter wins; `;` separates like `&`.
 * @returns undefined for bad UTF-8, in whatever parameter it is.
 */
export function readParameters(rawQuery: string): Map<string, string> | undefined {
  const parameters = new Map<string, string>()
  if (rawQuery === '') return parameters
  for (const part of rawQuery.split(/[&;]/)) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = decodeQueryPart(equals === -1 ? part : part.slice(0, equals))
    const value = decodeQueryPart(equals === -1 ? '' : part.slice(equals + 1))
    if (name === undefined || value === undefined) return undefined
    parameters.set(name, value)
  }
  return parameters
}

const WHOLE_NUMBER = /^\s*[-+]?\d+\s*$/

/** A decimal whole number as Python's int() reads it (`+1`, ` 1`, `01`); NaN for anything else. */
export function readWholeNumber(text: string): number {
  return WHOLE_NUMBER.test(text) ? Number(text) : Number.NaN
}
