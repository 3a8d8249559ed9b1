/**
 * What can go wrong in a catalogue, by code. A face decides what each becomes on the wire; the
 * catalogue knows no HTTP. An unknown and an invisible image have the same code on purpose: ids
 * must not leak.
 */
export type CatalogueFaultCode =
  | 'image.not_found'
  | 'image.not_writable'
  | 'image.protected'
  /** The image's state, or somebody else's change at the same time, does not allow it. */
  | 'image.conflict'
  /** There is an image of that id already. */
  | 'image.exists'
  | 'marker.not_found'
  | 'property.limit_exceeded'
  | 'property.unstorable'
  | 'catalogue.busy'
  /** Its file cannot be written: the disk is full, read-only, or broken. Nothing was changed. */
  | 'catalogue.unwritable'
  /** The service that holds the images refuses a token that the identity service accepted. */
  | 'token.refused'
  /** Its own policy forbids it. */
  | 'upstream.forbidden'
  /** It wants fewer requests from this caller. */
  | 'upstream.throttled'
  /** It cannot be reached, is overloaded or broken; try again later. */
  | 'upstream.unavailable'
  /** It answered something that is no answer. */
  | 'upstream.invalid'
  /** It did not answer in time. */
  | 'upstream.timeout'

/** Thrown by catalogues. `message` is for the caller; `detail` is for the log alone. */
export class CatalogueFault extends Error {
  override readonly name = 'CatalogueFault'
  readonly code: CatalogueFaultCode
  readonly detail: string | undefined
  /** Seconds after which to try again, if known. */
  readonly retryAfterS: number | undefined

  constructor(code: CatalogueFaultCode, message: string, detail?: string, retryAfterS?: number) {
    super(message)
    this.code = code
    this.detail = detail
    this.retryAfterS = retryAfterS
  }
}
