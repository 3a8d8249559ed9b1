import type { Image } from '../../image/image.ts'
import {
  type LinkBases,
  printBriefImage,
  printImage,
  printParts,
  printPropertyItem,
} from './view.ts'

/** Of an image's properties; what is longer is printed piece by piece, and not kept. */
const LARGE_CHARACTERS = 256 * 1024
const PIECE_CHARACTERS = 64 * 1024

/** An image may be of many MiB, which several lists at once must not each hold in print. */
export function isLarge({ properties }: Image): boolean {
  let characters = 0
  for (const [key, value] of properties) characters += key.length + (value?.length ?? 0)
  return characters > LARGE_CHARACTERS
}

/** The same text as `printImage`. */
export function* printLargeImage(image: Image, bases: LinkBases): Generator<string, void> {
  const text = printImage(image, bases, printParts(image, '{}'))
  // No text before can hold this: its quotation marks would be escaped.
  const at = text.indexOf(METADATA) + METADATA.length
  let piece = text.slice(0, at)
  let isFirst = true
  for (const [key, value] of image.properties) {
    if (!isFirst) piece += ','
    isFirst = false
    piece += printPropertyItem(key, value)
    if (piece.length < PIECE_CHARACTERS) continue
    yield piece
    piece = ''
  }
  yield piece + text.slice(at)
}

const METADATA = '"metadata":{'

/** The same text as `printBriefImage`. */
export function printLargeImageBriefly(image: Image, bases: LinkBases): string {
  return printBriefImage(image, bases, printParts(image, '{}'))
}
