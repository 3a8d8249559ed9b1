import type { ImageQuery } from '../image/query.ts'

/** A list of the Compute API that is to be asked for elsewhere. */
export interface AskedList {
  readonly query: ImageQuery
  /** Infinity: everything. */
  readonly limit: number
  readonly marker: string | undefined
}

export type Parameter = readonly [name: string, value: string]

/**
 * 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: no image is older or newer, and no other time can
 * be printed.
 */
export const TIME_MIN_SECONDS = -62_135_596_800
export const TIME_MAX_SECONDS = 253_402_300_799
