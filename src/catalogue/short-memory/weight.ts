import type { Image } from '../../image/image.ts'

/** A record without its texts, and what a face printed of it. */
const RECORD_BYTES = 2_000
/** Text is kept twice, raw and printed, at up to two bytes a character each. */
const CHARACTER_BYTES = 4

/** Roughly what keeping an image costs, in bytes. */
export function weightOf(image: Image): number {
  let characters = image.name?.length ?? 0
  for (const tag of image.tags) characters += tag.length
  for (const [key, value] of image.properties) characters += key.length + (value?.length ?? 0)
  return RECORD_BYTES + CHARACTER_BYTES * characters
}
