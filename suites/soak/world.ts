import type { RememberedImage } from './remembered.ts'
import type { Tally } from './tally.ts'

/** What the callers of the embedded part share. */
export interface World {
  readonly tally: Tally
  /** `/v2/images` of the Image API. */
  readonly images: string
  /** `/v2.1` of the Compute API. */
  readonly compute: string
  readonly metrics: readonly string[]
  /** Token of the project that writes, and that of one with many images. */
  readonly writer: string
  readonly reader: string
  /** A project that images are shared with. */
  readonly member: string
  /** Every image that a writer tried to make. */
  readonly remembered: RememberedImage[]
  isOn(): boolean
}
