import { type Command, InvalidArgumentError } from 'commander'
import type { Config } from '../config/config.ts'
import type {
  CredentialEntry,
  MadeCredential,
} from '../identity/local/credential-administration.ts'
import { addAccountCommand, pick, runAccounts } from './accounts.ts'
import { loadGivenConfig } from './config-flags.ts'
import { UsageFailure } from './failure.ts'
import { printTable } from './table.ts'
import type { Terminal } from './terminal.ts'

const DAY_MS = 24 * 3_600_000
/** A hundred years; who needs more leaves the flag out. */
const DAYS_MAX = 36_500
const TIME_FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/

interface CreateFlags {
  readonly user: string
  readonly project?: string
  readonly role?: readonly string[]
  readonly description?: string
  readonly unrestricted?: boolean
  readonly expiresInDays?: number
  readonly expiresAt?: number
}

/** Shown once: a credential with its secret, and where it signs in. */
interface Created extends MadeCredential {
  readonly authUrl: string
  readonly cloudsYaml: string
}

/** `credential create|list|delete`, also while the catalogue is being served. */
export function addCredentialCommand(program: Command, terminal: Terminal): void {
  const group = program
    .command('credential')
    .description('make, list and delete application credentials, with which machines sign in')
  addCreate(group, terminal)
  addList(group, terminal)
  addDelete(group, terminal)
}

function addCreate(group: Command, terminal: Terminal): void {
  const command = addAccountCommand(group, {
    name: 'create',
    description:
      'make one, and print the clouds.yaml that signs in with it; its secret is shown once',
    example: 'ci --user demo --role member --expires-in-days 90 > clouds.yaml',
  })
    .argument('<NAME>', 'its name, and that of the cloud in the clouds.yaml')
    .requiredOption('--user <USER>', 'id or name of the user for whom it signs in')
    .option(
      '--project <PROJECT>',
      "id or name of the project (default: the user's default project)",
    )
    .option(
      '--role <ROLE>',
      'admin, member or reader; may be repeated (default: all that the user has on the project)',
      (role: string, before: readonly string[] = []) => [...before, role],
    )
    .option('--description <TEXT>', 'what it is for')
    .option('--expires-in-days <DAYS>', 'it signs nobody in after this (default: never)', readDays)
    .option('--expires-at <TIME>', 'the same, as 2027-01-31T00:00:00Z', readTime)
    .option('--unrestricted', 'let it make and delete further application credentials')
    .action(async (name: string) => {
      const flags = command.opts<CreateFlags>()
      const asked = {
        name,
        ...pick(flags, ['user', 'project', 'description']),
        roles: flags.role ?? [],
        isUnrestricted: flags.unrestricted ?? false,
        expiresAtMs: endOf(flags),
      }
      const { config } = loadGivenConfig(command, terminal)
      await runAccounts(
        command,
        terminal,
        ({ cloudsYaml }: Created) => cloudsYaml,
        async ({ credentials }) => withCloud(await credentials.create(asked), config),
      )
      terminal.stderr.write('the secret is shown only now: keep what was printed, as a secret\n')
    })
}

function addList(group: Command, terminal: Terminal): void {
  const command = addAccountCommand(group, {
    name: 'list',
    description: 'show application credentials',
    example: '--user demo',
  })
    .option('--user <USER>', 'id or name of the user whose they are (default: of all users)')
    .action(() => {
      const { user } = command.opts<{ user?: string }>()
      return runAccounts(command, terminal, tableOf, ({ credentials }) => credentials.list(user))
    })
}

function addDelete(group: Command, terminal: Terminal): void {
  const command = addAccountCommand(group, {
    name: 'delete',
    description: 'delete one, and end the tokens that were made with it',
    example: 'ci --user demo',
  })
    .argument('<CREDENTIAL>', 'id or name')
    .option('--user <USER>', 'id or name of its user, where others have one of the same name')
    .action((idOrName: string) => {
      const { user } = command.opts<{ user?: string }>()
      return runAccounts(
        command,
        terminal,
        (removed: CredentialEntry) => tableOf([removed]),
        ({ credentials }) => credentials.remove(idOrName, user),
      )
    })
}

async function withCloud(made: MadeCredential, config: Config): Promise<Created> {
  const { authUrlIn, credentialCloudsYaml } = await import('../identity/local/clouds-yaml.ts')
  const { identityUrl } = await import('../server/serve.ts')
  const planned = identityUrl(config, config.identity.port)
  const isPublic = config.identity.publicUrl !== undefined
  const authUrl = isPublic ? planned : (authUrlIn(config.data) ?? planned)
  const { id, name } = made.credential
  const cloudsYaml = credentialCloudsYaml(name, { id, secret: made.secret }, authUrl)
  return { ...made, authUrl, cloudsYaml }
}

/** @throws UsageFailure */
function endOf({ expiresInDays, expiresAt }: CreateFlags): number | null {
  if (expiresInDays !== undefined && expiresAt !== undefined) {
    throw new UsageFailure('give --expires-in-days or --expires-at, not both')
  }
  const nowMs = Date.now()
  const endMs = expiresInDays === undefined ? expiresAt : nowMs + expiresInDays * DAY_MS
  if (endMs === undefined) return null
  if (endMs <= nowMs) throw new UsageFailure('--expires-at is a time that is past')
  return Math.floor(endMs / 1000) * 1000
}

function readDays(text: string): number {
  const days = Number(text)
  if (/^\d+$/.test(text) && days >= 1 && days <= DAYS_MAX) return days
  throw new InvalidArgumentError(`It is a number from 1 to ${DAYS_MAX}.`)
}

function readTime(text: string): number {
  const unixMs = TIME_FORM.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(unixMs) && isDay(text.slice(0, 'YYYY-MM-DD'.length))) return unixMs
  throw new InvalidArgumentError('It is a time with its zone, as 2027-01-31T00:00:00Z.')
}

/** 30 February would be taken for the 2nd of March. */
function isDay(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}

function tableOf(credentials: readonly CredentialEntry[]): string {
  return printTable(
    ['ID', 'NAME', 'USER', 'PROJECT', 'ROLES', 'EXPIRES'],
    credentials.map(({ id, name, user, project, roles, expiresAtMs }) => [
      id,
      name,
      user.name,
      project.name,
      roles.join(', '),
      expiresAtMs === null ? 'never' : new Date(expiresAtMs).toISOString().replace('.000Z', 'Z'),
    ]),
  )
}
