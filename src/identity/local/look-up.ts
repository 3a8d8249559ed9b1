import type { Named, Project } from '../token-service.ts'
import type { Account, Accounts } from './accounts.ts'
import { AdministrationError } from './administration-error.ts'
import { closest } from './closest.ts'

/** By id or by name. @throws AdministrationError 'not_found' */
export function theProject(accounts: Accounts, idOrName: string): Project {
  const project = accounts.project(idOrName) ?? accounts.projectNamed(idOrName)
  if (project !== undefined) return project
  throw notFound('project', idOrName, accounts.projects())
}

/** The same. */
export function theUser(accounts: Accounts, idOrName: string): Account {
  const user = accounts.user(idOrName) ?? accounts.userNamed(idOrName)
  if (user !== undefined) return user
  throw notFound('user', idOrName, accounts.users())
}

/** With the one that was probably meant, or how to see those there are. */
export function notFound(
  what: string,
  word: string,
  existing: readonly Named[],
): AdministrationError {
  const names = existing.map(({ name }) => name)
  const meant = closest(word, names)
  const hint =
    meant === undefined
      ? `; "afterimage ${what} list" shows those there are`
      : `; did you mean "${meant}"?`
  return new AdministrationError('not_found', `There is no ${what} "${word}"${hint}`)
}
