import type { Command } from 'commander'
import type { UserWithGrants } from '../identity/local/administration.ts'
import type { User } from '../identity/token-service.ts'
import { addAccountCommand, type EnabledFlags, enabledOf, pick, runAccounts } from './accounts.ts'
import { UsageFailure } from './failure.ts'
import { addPasswordFlags, askPassword, newPassword, type PasswordFlags } from './password.ts'
import { printTable } from './table.ts'
import type { Terminal } from './terminal.ts'

interface UserFlags extends EnabledFlags, PasswordFlags {
  readonly name?: string
  readonly project?: string
  readonly role?: string
  readonly defaultProject?: string
}

/** A user, and a made-up password that is shown this once. */
interface Changed {
  readonly user: User
  readonly password?: string
}

/** `user add|list|set|remove|grant|revoke`, also while the catalogue is being served. */
export function addUserCommand(program: Command, terminal: Terminal): void {
  const group = program
    .command('user')
    .description('list, add, change and remove users, and give and take roles')
  addList(group, terminal)
  addAdd(group, terminal)
  addSet(group, terminal)
  addRemove(group, terminal)
  addRole(group, terminal, 'grant')
  addRole(group, terminal, 'revoke')
}

function addList(group: Command, terminal: Terminal): void {
  const command = addAccountCommand(group, {
    name: 'list',
    description: 'show all users and their roles',
    example: '',
  }).action(() => runAccounts(command, terminal, tableOf, (accounts) => accounts.listUsers()))
}

function addAdd(group: Command, terminal: Terminal): void {
  const command = addAccountCommand(group, {
    name: 'add',
    description: 'add a user (asks for the password unless told how to get it)',
    example: 'ann --project web --generate-password',
  })
    .argument('<NAME>')
    .option('--project <PROJECT>', 'id or name of the default project')
    .option('--role <ROLE>', 'admin, member or reader, on that project (default: member)')
    .action(async (name: string) => {
      const flags = command.opts<UserFlags>()
      const password = (await newPassword(flags, terminal)) ?? (await askPassword(terminal))
      await runAccounts(command, terminal, printChanged, async (accounts): Promise<Changed> => {
        const given = pick(flags, ['project', 'role'])
        const user = await accounts.addUser({ name, password: password.text, ...given })
        return password.isShown ? { user, password: password.text } : { user }
      })
    })
  addPasswordFlags(command)
}

function addSet(group: Command, terminal: Terminal): void {
  const command = addAccountCommand(group, {
    name: 'set',
    description: 'change a user; a new password ends all tokens of the user',
    example: 'ann --generate-password',
  })
    .argument('<USER>', 'id or name')
    .option('--name <NAME>', 'new name')
    .option('--default-project <PROJECT>', 'id or name of the new default project')
    .option('--enable', 'let the user sign in')
    .option('--disable', 'do not let the user sign in, and end all tokens of the user')
    .action(async (idOrName: string) => {
      const flags = command.opts<UserFlags>()
      const password = await newPassword(flags, terminal)
      const change = {
        ...pick(flags, ['name', 'defaultProject']),
        ...enabledOf(flags),
        ...(password === undefined ? {} : { password: password.text }),
      }
      if (Object.keys(change).length === 0) {
        throw new UsageFailure(
          'say what to change: a password flag, --name, --default-project, --enable or --disable',
        )
      }
      await runAccounts(command, terminal, printChanged, async (accounts): Promise<Changed> => {
        const user = await accounts.setUser(idOrName, change)
        return password?.isShown ? { user, password: password.text } : { user }
      })
      if (password !== undefined) {
        terminal.stderr.write('a clouds.yaml that holds the former password must be changed too\n')
      }
    })
  addPasswordFlags(command)
}

function addRemove(group: Command, terminal: Terminal): void {
  const command = addAccountCommand(group, {
    name: 'remove',
    description: 'remove a user and end all tokens of the user',
    example: 'ann',
  })
    .argument('<USER>', 'id or name')
    .action((idOrName: string) =>
      runAccounts(command, terminal, printChanged, async (accounts): Promise<Changed> => {
        return { user: await accounts.removeUser(idOrName) }
      }),
    )
}

function addRole(group: Command, terminal: Terminal, name: 'grant' | 'revoke'): void {
  const isGrant = name === 'grant'
  const command = addAccountCommand(group, {
    name,
    description: isGrant ? 'give a user a role on a project' : 'take a role from a user',
    example: 'ann reader --project web',
  })
    .argument('<USER>', 'id or name')
    .argument('<ROLE>', 'admin, member or reader')
    .requiredOption('--project <PROJECT>', 'id or name')
    .action((user: string, role: string) => {
      const { project = '' } = command.opts<UserFlags>()
      return runAccounts(command, terminal, tableOf, async (accounts) => {
        await (isGrant ? accounts.grant(user, project, role) : accounts.revoke(user, project, role))
        return accounts.listUsers().filter(({ id, name }) => id === user || name === user)
      })
    })
}

function tableOf(users: readonly UserWithGrants[]): string {
  return printTable(
    ['ID', 'NAME', 'ENABLED', 'ROLES'],
    users.map(({ id, name, enabled, grants }) => [
      id,
      name,
      enabled ? 'yes' : 'no',
      grants.map(({ role, project }) => `${role} on ${project.name}`).join(', ') || '-',
    ]),
  )
}

function printChanged({ user, password }: Changed): string {
  const { id, name, enabled } = user
  const table = printTable(['ID', 'NAME', 'ENABLED'], [[id, name, enabled ? 'yes' : 'no']])
  return password === undefined ? table : `${table}password (shown only now): ${password}\n`
}
