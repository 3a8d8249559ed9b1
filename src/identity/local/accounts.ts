import { randomUUID } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import {
  DOMAIN,
  type Named,
  type Project,
  type Reference,
  type RoleAssignment,
  type User,
} from '../token-service.ts'

export const ROLE_NAMES = ['admin', 'member', 'reader'] as const
export type RoleName = (typeof ROLE_NAMES)[number]

/** The next lower role, which a role brings with it; mirrors keystone/cmd/bootstrap.py. */
const IMPLIED_ROLE: Readonly<Record<string, RoleName | undefined>> = {
  admin: 'member',
  member: 'reader',
}

/** A user as stored. `passwordHash` never leaves this room. */
export interface Account extends User {
  readonly passwordHash: string
}

/** 32 lower-case hex characters, as Keystone makes ids. */
export function newId(): string {
  return randomUUID().replaceAll('-', '')
}

/** Reads projects, users, roles and assignments. Only administration and bootstrap write them. */
export class Accounts {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  user(id: string): Account | undefined {
    return this.#users('WHERE id = ?', id)[0]
  }

  userNamed(name: string): Account | undefined {
    return this.#users('WHERE name = ?', name)[0]
  }

  users(): Account[] {
    return this.#users('ORDER BY name')
  }

  project(id: string): Project | undefined {
    return this.#projects('WHERE id = ?', id)[0]
  }

  projectNamed(name: string): Project | undefined {
    return this.#projects('WHERE name = ?', name)[0]
  }

  projects(): Project[] {
    return this.#projects('ORDER BY name')
  }

  /** Enabled projects on which the user has a role. */
  projectsOf(userId: string): Project[] {
    const held = 'SELECT project_id FROM role_assignment WHERE user_id = ?'
    return this.#projects(`WHERE enabled AND id IN (${held}) ORDER BY name`, userId)
  }

  roles(): Named[] {
    const rows = this.#all<Named>('SELECT id, name FROM role ORDER BY name')
    return rows.map(({ id, name }) => ({ id, name }))
  }

  /** As assigned, without the roles that they imply. */
  assignments(): RoleAssignment[] {
    const rows = this.#all<Record<'userId' | 'user' | 'projectId' | 'project', string> & Named>(
      `SELECT user_id AS userId, user.name AS user, project_id AS projectId,
         project.name AS project, role.id, role.name
       FROM role_assignment
       JOIN user ON user.id = user_id
       JOIN project ON project.id = project_id JOIN role ON role.id = role_id
       ORDER BY project.name, role.name, user.name`,
    )
    return rows.map(({ userId, user, projectId, project, id, name }) => ({
      user: { id: userId, name: user },
      project: { id: projectId, name: project },
      role: { id, name },
    }))
  }

  /** Those that are implied too; mirrors add_implied_roles of keystone/assignment/core.py. */
  effectiveAssignments(): RoleAssignment[] {
    const roles = new Map(this.roles().map((role) => [role.name, role]))
    return this.assignments().flatMap((assignment) => {
      const found = [assignment]
      let { role: impliedBy } = assignment
      for (const name of impliedRoles(impliedBy.name)) {
        const role = roles.get(name)
        if (role === undefined) continue
        found.push({ ...assignment, role, impliedBy })
        impliedBy = role
      }
      return found
    })
  }

  /** The user's roles on the project, implied ones included, sorted by name. */
  rolesOn(userId: string, projectId: string): Named[] {
    const assigned = this.#all<{ name: string }>(
      `SELECT role.name FROM role_assignment JOIN role ON role.id = role_id
       WHERE user_id = ? AND project_id = ?`,
      userId,
      projectId,
    )
    if (assigned.length === 0) return []
    const held = new Set(assigned.flatMap(({ name }) => [name, ...impliedRoles(name)]))
    return this.roles().filter(({ name }) => held.has(name))
  }

  findUser(reference: Reference): Account | undefined {
    if ('id' in reference) return this.user(reference.id)
    return isOurDomain(reference) ? this.userNamed(reference.name) : undefined
  }

  findProject(reference: Reference): Project | undefined {
    if ('id' in reference) return this.project(reference.id)
    return isOurDomain(reference) ? this.projectNamed(reference.name) : undefined
  }

  #users(rest: string, ...values: string[]): Account[] {
    const columns =
      'id, name, enabled, default_project_id AS defaultProjectId, password_hash AS passwordHash'
    return this.#all<Account>(`SELECT ${columns} FROM user ${rest}`, ...values).map(withBoolean)
  }

  #projects(rest: string, ...values: string[]): Project[] {
    const columns = 'id, name, description, enabled'
    return this.#all<Project>(`SELECT ${columns} FROM project ${rest}`, ...values).map(withBoolean)
  }

  #all<Row>(sql: string, ...values: string[]): Row[] {
    return this.#database.prepare(sql).all(...values) as Row[]
  }
}

/** From the next lower one down. */
function impliedRoles(name: string): RoleName[] {
  const implied = IMPLIED_ROLE[name]
  return implied === undefined ? [] : [implied, ...impliedRoles(implied)]
}

/** SQLite has no booleans. */
function withBoolean<Row extends { readonly enabled: boolean }>(row: Row): Row {
  return { ...row, enabled: Boolean(row.enabled) }
}

/** Case is folded, as the databases under Keystone fold it. */
function isOurDomain(reference: Exclude<Reference, { id: string }>): boolean {
  const { domain } = reference
  return 'id' in domain
    ? domain.id.toLowerCase() === DOMAIN.id
    : domain.name.toLowerCase() === DOMAIN.name.toLowerCase()
}
