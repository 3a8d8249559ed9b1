/** The bytes that give JSON its shape. */

const TAB = 0x09
export const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
export const QUOTE = 0x22
export const COMMA = 0x2c
export const COLON = 0x3a
export const OPEN_LIST = 0x5b
export const BACKSLASH = 0x5c
export const CLOSE_LIST = 0x5d
export const OPEN_OBJECT = 0x7b
export const CLOSE_OBJECT = 0x7d

export function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === RETURN || byte === NEWLINE
}

/** Bytes as a reader can recognise them: text in quotes, or hexadecimal. */
export function show(bytes: Buffer): string {
  const text = bytes.toString('latin1')
  return /^[\x20-\x7e\r\n\t]*$/.test(text) ? JSON.stringify(text) : `bytes ${bytes.toString('hex')}`
}

/** What the first bytes say of the encoding, if anything. */
export function byteOrderMark(bytes: Buffer): 'UTF-8' | 'UTF-16' | undefined {
  const [first, second, third] = bytes
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'UTF-8'
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  return isUtf16 ? 'UTF-16' : undefined
}

/** Why a text is not JSON; undefined when it is. */
export function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

export function openerOf(closer: number): number {
  return closer === CLOSE_OBJECT ? OPEN_OBJECT : OPEN_LIST
}

/**
 * Whether a list or object may begin inside the value that `opener` opened, after the byte
 * `previous`. JSON.parse would notice too, but many lines later.
 */
export function mayOpenIn(opener: number | undefined, previous: number): boolean {
  if (opener === OPEN_OBJECT) return previous === COLON
  return previous === COMMA || previous === OPEN_LIST
}
