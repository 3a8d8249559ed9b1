/**
 * What can go wrong in a catalogue, by code. A face decides what each becomes on the wire; the
 * catalogue knows no HTTP. An unknown and an invisible image are one code, on purpose.
 */
export type CatalogueFaultCode =
  | 'image.not_found'
  | 'image.not_writable'
  | 'image.protected'
  | 'marker.not_found'
  | 'property.limit_exceeded'
  | 'property.unstorable'
  | 'catalogue.busy'

/** Thrown by catalogues. `message` is for the caller; `detail` is for the log alone. */
export class CatalogueFault extends Error {
  override readonly name = 'CatalogueFault'
  readonly code: CatalogueFaultCode
  readonly detail: string | undefined

  constructor(code: CatalogueFaultCode, message: string, detail?: string) {
    super(message)
    this.code = code
    this.detail = detail
  }
}
