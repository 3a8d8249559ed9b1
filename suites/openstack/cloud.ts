import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const START = fileURLToPath(new URL('start-cloud', import.meta.url))
const STOP = fileURLToPath(new URL('stop-cloud', import.meta.url))

/** Names the state folder of a cloud that runs already, which is then used and left running. */
const CLOUD_VARIABLE = 'AFTERIMAGE_TEST_CLOUD'
const OWN_STATE = join(tmpdir(), 'afterimage-cloud')

export type ServiceName = 'mariadb' | 'memcached' | 'keystone' | 'glance' | 'nova'
export type UserName = 'admin' | 'demo' | 'alt_demo' | 'demo_reader'
export type ProjectName = 'admin' | 'demo' | 'alt'

/** A real Keystone, Glance and Nova API on this machine's loopback. */
export interface Cloud extends AsyncDisposable {
  /** Where its settings, databases and logs are. */
  readonly stateFolder: string
  /** What the three services keep their records in. */
  readonly database: 'sqlite' | 'mariadb'
  /** Base URLs, without a version and without a slash at the end. */
  readonly keystoneUrl: string
  readonly glanceUrl: string
  readonly novaUrl: string
  /** Everybody's. */
  readonly password: string
  /** Project ids by name. */
  readonly projects: Readonly<Record<ProjectName, string>>
  /** User ids by name: `demo` is a member of project demo, `demo_reader` only reads there. */
  readonly users: Readonly<Record<UserName, string>>
  /** A token of the user demo that was good until an hour before the cloud was made. */
  readonly expiredToken: string
  /** A new token, scoped to the project; unscoped without one. */
  token(user: UserName, project?: ProjectName): Promise<string>
  stopService(name: ServiceName): Promise<void>
  startService(name: ServiceName): Promise<void>
  /** Stops what `startCloud` started. What the services hold stays for the next start. */
  stop(): Promise<void>
}

interface CloudFile {
  readonly keystoneUrl: string
  readonly glanceUrl: string
  readonly novaUrl: string
  readonly password: string
  readonly projects: Record<ProjectName, string>
  readonly users: Record<UserName, string>
  readonly expiredToken: string
}

/**
 * Starts a cloud on ports of its own (CLOUD_STATE and the other variables of cloud-settings.sh make
 * it another one), or takes the one that AFTERIMAGE_TEST_CLOUD names. Suites may delete all its
 * images: do not name a cloud whose images are needed.
 */
export async function startCloud(): Promise<Cloud> {
  const given = process.env[CLOUD_VARIABLE]
  const state = given ?? process.env['CLOUD_STATE'] ?? OWN_STATE
  if (given === undefined) await script(START, state)
  const file = JSON.parse(readFileSync(join(state, 'cloud.json'), 'utf8')) as CloudFile
  const environment = given === undefined ? {} : portsOf(file)
  const stop = async () => {
    if (given === undefined) await script(STOP, state)
  }
  return {
    ...file,
    stateFolder: state,
    database: existsSync(join(state, 'mariadb')) ? 'mariadb' : 'sqlite',
    token: (user, project) => signIn(file, user, project),
    stopService: (name) => script(STOP, state, [name], environment),
    startService: (name) => script(START, state, [name], environment),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** Settings for start-cloud of a cloud that was started elsewhere, perhaps on other ports. */
function portsOf(file: CloudFile): Record<string, string> {
  return {
    CLOUD_KEYSTONE_PORT: new URL(file.keystoneUrl).port,
    CLOUD_GLANCE_PORT: new URL(file.glanceUrl).port,
    CLOUD_NOVA_PORT: new URL(file.novaUrl).port,
  }
}

async function script(
  path: string,
  state: string,
  services: readonly ServiceName[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const env = { ...process.env, ...environment, CLOUD_STATE: state, NODE: process.execPath }
  try {
    await run(path, [...services], { cwd: dirname(path), env })
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string }
    throw new Error(`${basename(path)} failed: ${stderr.trim() || (error as Error).message}`)
  }
}

async function signIn(file: CloudFile, name: UserName, project?: ProjectName): Promise<string> {
  const user = { name, domain: { id: 'default' }, password: file.password }
  const identity = { methods: ['password'], password: { user } }
  const scope = project === undefined ? 'unscoped' : { project: { id: file.projects[project] } }
  const response = await fetch(`${file.keystoneUrl}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ auth: { identity, scope } }),
  })
  const token = response.headers.get('x-subject-token')
  if (token === null) throw new Error(`${name} cannot sign in: ${await response.text()}`)
  return token
}
