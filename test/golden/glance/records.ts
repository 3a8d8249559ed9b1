import { readFileSync } from 'node:fs'

/** One recorded request and the real Glance's answer. */
export interface GlanceRecord {
  /** The story it is a part of; each begins without any image. */
  readonly group: string
  readonly name: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** How `body` is written; absent: UTF-8. */
  readonly bodyEncoding?: 'base64'
  /** The label of the image whose id the answer tells. */
  readonly captures?: string
  /** A second passes before it. */
  readonly pauses?: boolean
  /** Asked again until the image has this status. */
  readonly waitsForStatus?: string
  /** 0: the connection was closed without a whole answer. */
  readonly status: number
  readonly responseHeaders: readonly (readonly [string, string])[]
  /** JSON as a value, all else as text; of a list with `$brief` the images' ids alone. */
  readonly responseBody: unknown
}

export function readRecords(): readonly GlanceRecord[] {
  return readFileSync(new URL('glance.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as GlanceRecord)
}
