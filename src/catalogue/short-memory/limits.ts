/** Every bound on what the short memory keeps. */
export interface MemoryLimits {
  readonly listsMax: number
  /** Of all lists together, as `weightOf` reckons them. */
  readonly bytesMax: number
  /** A larger list is not kept. */
  readonly listBytesMax: number
  readonly listRowsMax: number
  /**
   * For all lists together that are being read or have slow readers; above it nothing more is kept.
   */
  readonly readingBytesMax: number
}

const MIB = 1024 * 1024

export const MEMORY_LIMITS: MemoryLimits = {
  listsMax: 2_000,
  bytesMax: 128 * MIB,
  listBytesMax: 16 * MIB,
  listRowsMax: 5_000,
  readingBytesMax: 128 * MIB,
}
