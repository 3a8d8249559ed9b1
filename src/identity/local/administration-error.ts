export type AdministrationErrorCode = 'not_found' | 'conflict' | 'invalid' | 'last_admin'

/** Why a change of projects, users or roles was not made. `message` says what to do. */
export class AdministrationError extends Error {
  override readonly name = 'AdministrationError'
  readonly code: AdministrationErrorCode

  constructor(code: AdministrationErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
