import { readDocument } from '../../../src/image/document.ts'
import type { Image } from '../../../src/image/image.ts'
import { PROJECT } from './serve.ts'

const MADE_AT_SECONDS = 1_700_000_000
const DAY_SECONDS = 86_400

/** The id of the nth image of a test. */
export function idOf(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
}

/** @param n also says when it was made: one day apart, so that a list runs from high to low. */
export function makeImage(n: number, fields: Readonly<Record<string, unknown>> = {}): Image {
  const made = new Date((MADE_AT_SECONDS + n * DAY_SECONDS) * 1000).toISOString()
  return readDocument({
    id: idOf(n),
    name: `image ${n}`,
    owner: PROJECT,
    status: 'active',
    created_at: made,
    ...fields,
  })
}
