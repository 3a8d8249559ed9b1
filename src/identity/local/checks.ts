import { ROLE_NAMES, type RoleName } from './accounts.ts'
import { AdministrationError } from './administration-error.ts'
import { closest } from './closest.ts'

/** As Keystone's tables have them, in characters. */
export const PROJECT_NAME_LENGTH_MAX = 64
export const USER_NAME_LENGTH_MAX = 255
export const CREDENTIAL_NAME_LENGTH_MAX = 255
export const PASSWORD_LENGTH_MAX = 4096
export const DESCRIPTION_LENGTH_MAX = 1024

const ID_FORM = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/
const CONTROL_CHARACTER = /\p{Cc}/u

/** @param what for the message: 'project name' @throws AdministrationError 'invalid' */
export function checkName(what: string, name: string, lengthMax: number): string {
  if (name.trim() === '') throw invalid(`A ${what} must not be empty`)
  if (name.length > lengthMax) {
    throw invalid(`The ${what} is ${name.length} characters long; at most ${lengthMax} are allowed`)
  }
  if (CONTROL_CHARACTER.test(name) || !name.isWellFormed()) {
    throw invalid(`The ${what} must not hold control characters or broken Unicode`)
  }
  return name
}

/** @throws AdministrationError 'invalid' */
export function checkId(id: string): string {
  if (ID_FORM.test(id)) return id
  throw invalid(`${JSON.stringify(id)} is not an id: use 1 to 64 letters, digits, "-" and "_"`)
}

/** @throws AdministrationError 'invalid' */
export function checkPassword(password: string): string {
  if (password === '') throw invalid('A password must not be empty')
  if (password.length > PASSWORD_LENGTH_MAX) {
    throw invalid(`The password is longer than ${PASSWORD_LENGTH_MAX} characters`)
  }
  if (!password.isWellFormed()) throw invalid('The password holds broken Unicode')
  return password
}

/** @throws AdministrationError 'invalid' */
export function checkDescription(description: string): string {
  if (description.length <= DESCRIPTION_LENGTH_MAX && description.isWellFormed()) return description
  throw invalid(`A description is text of at most ${DESCRIPTION_LENGTH_MAX} characters`)
}

/** @throws AdministrationError 'invalid' */
export function checkRole(role: string): RoleName {
  const known = ROLE_NAMES.find((name) => name === role)
  if (known !== undefined) return known
  const meant = closest(role, ROLE_NAMES)
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`
  throw invalid(`There is no role "${role}"${hint} The roles are ${ROLE_NAMES.join(', ')}`)
}

function invalid(message: string): AdministrationError {
  return new AdministrationError('invalid', message)
}
