import { type ImageDocument, imageDocument } from '../suites/import/generate.ts'
import { MEMBER, OWNER } from './viewers.ts'

/**
 * The bench's images: those of the import suite, changed so that lists are hard. Half of them are
 * one project's, every shared one is shared with one project, many have the same name but few
 * viewers see them, and the oldest ones were updated last.
 */

/** A name that every 50th image has; all of those are private to the owner. */
export const COMMON_NAME = 'nightly'

/** Old images that were updated last: enough of them, where there are enough, to be many. */
export function revisited(size: number): number {
  return Math.min(Math.floor(size / 4), Math.max(2500, Math.floor(size / 100)))
}

export const REVISITED_AT = '2035-01-01T00:00:00Z'

/** And a few of the newest ones after that. */
export const LATEST_IMAGES = 20
export const LATEST_AT = '2036-01-01T00:00:00Z'

/** The n-th of `size` images; a greater n is a newer image. */
export function benchDocument(n: number, size: number): ImageDocument {
  const made = imageDocument(n)
  const isNightly = n % 50 === 49
  return {
    ...made,
    ...(n % 2 === 1 ? { owner: OWNER.project } : {}),
    ...(isNightly ? { name: COMMON_NAME, visibility: 'private' } : {}),
    ...(n < revisited(size) ? { updated_at: REVISITED_AT } : {}),
    ...(n >= size - LATEST_IMAGES ? { updated_at: LATEST_AT } : {}),
    members: made['visibility'] === 'shared' && !isNightly ? [membership(made)] : [],
  }
}

function membership({ created_at: at }: ImageDocument): ImageDocument {
  return { member_id: MEMBER.project, status: 'accepted', created_at: at, updated_at: at }
}

/** Documents `from` to `to` (excluded) of `size`, one a line. */
export function documentLines(from: number, to: number, size: number): string {
  let lines = ''
  for (let n = from; n < to; n += 1) lines += `${JSON.stringify(benchDocument(n, size))}\n`
  return lines
}
