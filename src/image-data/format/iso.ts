import type { ReadFormat } from './peek.ts'

/** The first volume descriptor, behind its type byte (ECMA-119, 8.1). */
const IDENTIFIER_AT = 0x8001
const IDENTIFIER = 'CD001'

/** A disc is as large as its file. */
export const readIso: ReadFormat = async (peek, sizeBytes) => {
  const identifier = await peek(IDENTIFIER_AT, IDENTIFIER.length)
  if (identifier.toString('latin1') !== IDENTIFIER) return undefined
  return { format: 'iso', virtualSizeBytes: sizeBytes }
}
