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
