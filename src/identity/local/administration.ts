import type { Database } from '../../database/database.ts'
import type { Named, Project, User } from '../token-service.ts'
import { type Account, Accounts, newId, type RoleName } from './accounts.ts'
import { AdministrationError } from './administration-error.ts'
import { ApplicationCredentials } from './application-credentials.ts'
import {
  checkDescription,
  checkId,
  checkName,
  checkPassword,
  checkRole,
  PROJECT_NAME_LENGTH_MAX,
  USER_NAME_LENGTH_MAX,
} from './checks.ts'
import { CredentialAdministration } from './credential-administration.ts'
import { Epoch } from './epoch.ts'
import { theProject, theUser } from './look-up.ts'
import { hashPassword } from './password.ts'

export interface Grant {
  readonly project: Named
  /** As assigned; what a role implies is not listed. */
  readonly role: string
}

export interface UserWithGrants extends User {
  readonly grants: readonly Grant[]
}

export interface NewProject {
  readonly name: string
  /** The id of a project elsewhere, so that images imported from there belong to this one. */
  readonly id?: string
  readonly description?: string
}

export interface ProjectChange {
  readonly name?: string
  readonly description?: string
  readonly enabled?: boolean
}

export interface NewUser {
  readonly name: string
  readonly password: string
  /** Id or name of the default project; with `role` (member if not given) on it. */
  readonly project?: string
  readonly role?: string
}

export interface UserChange {
  readonly name?: string
  readonly password?: string
  readonly enabled?: boolean
  /** Id or name. */
  readonly defaultProject?: string
}

/**
 * What the command line does to projects, users and roles; projects and users are named by id or by
 * name. Every change is one transaction, and takes effect at once in every process on the file.
 * All methods throw AdministrationError; those that write may throw DatabaseBusy.
 */
export class Administration {
  /** The application credentials of all users. */
  readonly credentials: CredentialAdministration
  readonly #database: Database
  readonly #accounts: Accounts
  readonly #credentials: ApplicationCredentials

  constructor(database: Database) {
    this.#database = database
    this.#accounts = new Accounts(database)
    this.#credentials = new ApplicationCredentials(database, this.#accounts)
    this.credentials = new CredentialAdministration(database)
  }

  listProjects(): Project[] {
    return this.#accounts.projects()
  }

  listUsers(): UserWithGrants[] {
    const assignments = this.#accounts.assignments()
    return this.#accounts.users().map(({ passwordHash: _, ...user }) => {
      const own = assignments.filter((assignment) => assignment.user.id === user.id)
      return { ...user, grants: own.map(({ project, role }) => ({ project, role: role.name })) }
    })
  }

  async addProject(project: NewProject): Promise<Project> {
    const name = checkName('project name', project.name, PROJECT_NAME_LENGTH_MAX)
    const id = project.id === undefined ? newId() : checkId(project.id)
    const description = checkDescription(project.description ?? '')
    return this.#change(() => {
      this.#refuseTakenProject(name)
      if (this.#accounts.project(id) !== undefined) {
        throw new AdministrationError('conflict', `There is a project with the id "${id}" already`)
      }
      this.#run(
        'INSERT INTO project (id, name, description, enabled) VALUES (?, ?, ?, 1)',
        id,
        name,
        description,
      )
      return this.#project(id)
    })
  }

  async setProject(idOrName: string, change: ProjectChange): Promise<Project> {
    if (change.name !== undefined) checkName('project name', change.name, PROJECT_NAME_LENGTH_MAX)
    return this.#change(() => {
      const before = this.#project(idOrName)
      const name = change.name ?? before.name
      const enabled = change.enabled ?? before.enabled
      if (name !== before.name) this.#refuseTakenProject(name)
      this.#run(
        'UPDATE project SET name = ?, description = ?, enabled = ? WHERE id = ?',
        name,
        checkDescription(change.description ?? before.description),
        Number(enabled),
        before.id,
      )
      if (!enabled) this.#run('DELETE FROM token WHERE project_id = ?', before.id)
      return this.#project(before.id)
    })
  }

  /** Its tokens and role assignments are removed too; its images stay. */
  async removeProject(idOrName: string): Promise<Project> {
    return this.#change(() => {
      const project = this.#project(idOrName)
      this.#run('DELETE FROM project WHERE id = ?', project.id)
      return project
    })
  }

  async addUser(user: NewUser): Promise<User> {
    const name = checkName('user name', user.name, USER_NAME_LENGTH_MAX)
    const role = checkRole(user.role ?? 'member')
    if (user.role !== undefined && user.project === undefined) {
      const message = `A role is held on a project: name the project on which "${name}" is ${role}`
      throw new AdministrationError('invalid', message)
    }
    const passwordHash = await hashPassword(checkPassword(user.password))
    return this.#change(() => {
      this.#refuseTakenUser(name)
      const project = user.project === undefined ? undefined : this.#project(user.project)
      const id = newId()
      this.#run(
        `INSERT INTO user (id, name, password_hash, enabled, default_project_id)
         VALUES (?, ?, ?, 1, ?)`,
        id,
        name,
        passwordHash,
        project?.id ?? null,
      )
      if (project !== undefined) this.#assign(id, project.id, role)
      return withoutPassword(this.#user(id))
    })
  }

  /**
   * A new password, or disabling, ends all of the user's tokens; disabling removes the application
   * credentials too, as keystone/application_credential/core.py does.
   */
  async setUser(idOrName: string, change: UserChange): Promise<User> {
    if (change.name !== undefined) checkName('user name', change.name, USER_NAME_LENGTH_MAX)
    const passwordHash =
      change.password === undefined ? undefined : await hashPassword(checkPassword(change.password))
    return this.#change(() => {
      const before = this.#user(idOrName)
      const name = change.name ?? before.name
      const enabled = change.enabled ?? before.enabled
      if (name !== before.name) this.#refuseTakenUser(name)
      this.#run(
        `UPDATE user SET name = ?, password_hash = ?, enabled = ?, default_project_id = ?
         WHERE id = ?`,
        name,
        passwordHash ?? before.passwordHash,
        Number(enabled),
        change.defaultProject === undefined
          ? before.defaultProjectId
          : this.#project(change.defaultProject).id,
        before.id,
      )
      if (passwordHash !== undefined || !enabled) {
        this.#run('DELETE FROM token WHERE user_id = ?', before.id)
      }
      if (!enabled) this.#credentials.removeOfUser(before.id)
      return withoutPassword(this.#user(before.id))
    })
  }

  async removeUser(idOrName: string): Promise<User> {
    return this.#change(() => {
      const user = this.#user(idOrName)
      this.#run('DELETE FROM user WHERE id = ?', user.id)
      return withoutPassword(user)
    })
  }

  /** Granting what is granted already is no error. */
  async grant(user: string, project: string, role: string): Promise<void> {
    const roleName = checkRole(role)
    return this.#change(() => {
      this.#assign(this.#user(user).id, this.#project(project).id, roleName)
    })
  }

  /** Ends the user's tokens and application credentials for the project. */
  async revoke(user: string, project: string, role: string): Promise<void> {
    const roleName = checkRole(role)
    return this.#change(() => {
      const { id: userId, name: userName } = this.#user(user)
      const { id: projectId, name: projectName } = this.#project(project)
      const removed = this.#run(
        `DELETE FROM role_assignment WHERE user_id = ? AND project_id = ?
           AND role_id = (SELECT id FROM role WHERE name = ?)`,
        userId,
        projectId,
        roleName,
      )
      const what = `role "${roleName}" of user "${userName}" on project "${projectName}"`
      if (removed === 0) throw new AdministrationError('not_found', `There is no ${what}`)
      this.#run('DELETE FROM token WHERE user_id = ? AND project_id = ?', userId, projectId)
      this.#credentials.removeOnProject(userId, projectId)
    })
  }

  #change<T>(work: () => T): Promise<T> {
    return this.#database.write(() => {
      const adminsBefore = this.#countAdmins()
      const result = work()
      if (adminsBefore > 0 && this.#countAdmins() === 0) {
        const message =
          'That would leave no enabled user who is admin: make another one admin first'
        throw new AdministrationError('last_admin', message)
      }
      Epoch.advance(this.#database)
      return result
    })
  }

  #run(sql: string, ...values: (string | number | null)[]): number {
    return Number(this.#database.prepare(sql).run(...values).changes)
  }

  #assign(userId: string, projectId: string, role: RoleName): void {
    this.#run(
      `INSERT OR IGNORE INTO role_assignment (user_id, project_id, role_id)
       SELECT ?, ?, id FROM role WHERE name = ?`,
      userId,
      projectId,
      role,
    )
  }

  #project(idOrName: string): Project {
    return theProject(this.#accounts, idOrName)
  }

  #user(idOrName: string): Account {
    return theUser(this.#accounts, idOrName)
  }

  #refuseTakenProject(name: string): void {
    if (this.#accounts.projectNamed(name) === undefined) return
    throw new AdministrationError('conflict', `There is a project named "${name}" already`)
  }

  #refuseTakenUser(name: string): void {
    if (this.#accounts.userNamed(name) === undefined) return
    throw new AdministrationError('conflict', `There is a user named "${name}" already`)
  }

  #countAdmins(): number {
    const row = this.#database
      .prepare(
        `SELECT count(*) AS count FROM role_assignment
         JOIN role ON role.id = role_id AND role.name = 'admin'
         JOIN user ON user.id = user_id AND user.enabled
         JOIN project ON project.id = project_id AND project.enabled`,
      )
      .get()
    return Number(row?.['count'])
  }
}

function withoutPassword({ passwordHash: _, ...user }: Account): User {
  return user
}
