import type { Command } from 'commander'
import type { Project } from '../identity/token-service.ts'
import { addAccountCommand, type EnabledFlags, enabledOf, pick, runAccounts } from './accounts.ts'
import { UsageFailure } from './failure.ts'
import { printTable } from './table.ts'
import type { Terminal } from './terminal.ts'

interface ProjectFlags extends EnabledFlags {
  readonly id?: string
  readonly name?: string
  readonly description?: string
}

/** `project add|list|set|remove`, also while the catalogue is being served. */
export function addProjectCommand(program: Command, terminal: Terminal): void {
  const group = program.command('project').description('list, add, change and remove projects')
  addList(group, terminal)
  addAdd(group, terminal)
  addSet(group, terminal)
  addRemove(group, terminal)
}

function addList(group: Command, terminal: Terminal): void {
  const command = addAccountCommand(group, {
    name: 'list',
    description: 'show all projects',
    example: '',
  }).action(() => runAccounts(command, terminal, tableOf, (accounts) => accounts.listProjects()))
}

function addAdd(group: Command, terminal: Terminal): void {
  const command = addAccountCommand(group, {
    name: 'add',
    description: 'add a project',
    example: 'web --description "the web team"',
  })
    .argument('<NAME>')
    .option('--id <ID>', 'id of a project elsewhere whose images are imported (default: made up)')
    .option('--description <TEXT>', 'what it is for')
    .action((name: string) => {
      const given = pick(command.opts<ProjectFlags>(), ['id', 'description'])
      return runAccounts(command, terminal, tableOfOne, (accounts) =>
        accounts.addProject({ name, ...given }),
      )
    })
}

function addSet(group: Command, terminal: Terminal): void {
  const command = addAccountCommand(group, {
    name: 'set',
    description: 'change a project',
    example: 'web --disable',
  })
    .argument('<PROJECT>', 'id or name')
    .option('--name <NAME>', 'new name')
    .option('--description <TEXT>', 'new description')
    .option('--enable', 'let its users sign in to it')
    .option('--disable', 'let nobody sign in to it, and end its tokens')
    .action((idOrName: string) => {
      const flags = command.opts<ProjectFlags>()
      const change = { ...pick(flags, ['name', 'description']), ...enabledOf(flags) }
      if (Object.keys(change).length === 0) {
        throw new UsageFailure('say what to change: --name, --description, --enable or --disable')
      }
      return runAccounts(command, terminal, tableOfOne, (accounts) =>
        accounts.setProject(idOrName, change),
      )
    })
}

function addRemove(group: Command, terminal: Terminal): void {
  const command = addAccountCommand(group, {
    name: 'remove',
    description: 'remove a project and end its tokens; images it owns stay',
    example: 'web',
  })
    .argument('<PROJECT>', 'id or name')
    .action((idOrName: string) =>
      runAccounts(command, terminal, tableOfOne, (accounts) => accounts.removeProject(idOrName)),
    )
}

function tableOfOne(project: Project): string {
  return tableOf([project])
}

function tableOf(projects: readonly Project[]): string {
  return printTable(
    ['ID', 'NAME', 'ENABLED', 'DESCRIPTION'],
    projects.map(({ id, name, enabled, description }) => [
      id,
      name,
      enabled ? 'yes' : 'no',
      description,
    ]),
  )
}
