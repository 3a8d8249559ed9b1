import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

const NEWLINE = '\n'

/** Passes a stream's text on in whole lines, so that those of several processes do not mix. */
export function passWholeLines(from: Readable, write: (lines: string) => void): void {
  const decoder = new StringDecoder('utf8')
  let begun = ''
  from.on('data', (piece: Buffer) => {
    const text = begun + decoder.write(piece)
    const end = text.lastIndexOf(NEWLINE) + 1
    begun = text.slice(end)
    if (end > 0) write(text.slice(0, end))
  })
  from.on('end', () => {
    const rest = begun + decoder.end()
    if (rest !== '') write(rest + NEWLINE)
  })
}
