import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../bin/afterimage', import.meta.url))
const START_TIMEOUT_MS = 60_000
/** The password of every user of the bench. */
export const PASSWORD = 'the bench signs in'

/** Starts one command of the product. */
function start(
  args: readonly string[],
  stdin: 'pipe' | 'ignore',
  stderr: 'pipe' | number = 'pipe',
): ChildProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(AFTERIMAGE|OS)_/.test(name))
  const env = { ...Object.fromEntries(inherited), AFTERIMAGE_PASSWORD: PASSWORD }
  const child = spawn(process.execPath, [BIN, ...args], { stdio: [stdin, 'pipe', stderr], env })
  const stop = () => child.kill()
  process.once('exit', stop) // nothing is left running when the bench is broken off
  child.once('exit', () => process.off('exit', stop))
  return child
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = ''
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

/** Runs one command to its end. @returns its stdout @throws Error with its stderr */
export async function command(
  args: readonly string[],
  input: Iterable<string> = [],
): Promise<string> {
  const child = start(args, 'pipe')
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const closed = once(child, 'close')
  child.stdin?.on('error', () => undefined) // a command that ends early says why on stderr
  for (const piece of input) {
    if (child.exitCode !== null) break
    if (child.stdin?.write(piece) === false) {
      await Promise.race([once(child.stdin, 'drain'), closed])
    }
  }
  child.stdin?.end()
  const [code] = await closed
  if (code !== 0) throw new Error(`afterimage ${args[0]} ended with ${code}: ${stderr()}`)
  return stdout()
}

/** Adds a project, and a user of the same name to it. */
export async function addUser(
  data: string,
  name: string,
  project: string,
  role: string,
): Promise<void> {
  await command(['project', 'add', `bench-${name}`, '--id', project, '--data', data])
  const who = ['user', 'add', `bench-${name}`, '--project', project, '--role', role]
  await command([...who, '--password-stdin', '--data', data], [`${PASSWORD}\n`])
}

/** A serving process. */
export interface Product extends AsyncDisposable {
  readonly pid: number
  readonly computeUrl: string
  readonly imageUrl: string
  /** A token of the user that `addUser` added. */
  signIn(name: string): Promise<string>
}

/**
 * Serves a data folder on free ports.
 * @param flags more of `afterimage serve`
 * @param logFile what it logs goes there
 */
export async function serve(
  data: string,
  flags: readonly string[] = [],
  logFile?: string,
): Promise<Product> {
  const ports = ['compute', 'image', 'identity'].flatMap((face) => [`--${face}-port`, '0'])
  const log = logFile === undefined ? undefined : openSync(logFile, 'w')
  const child = start(
    ['serve', '--data', data, '--log-level', 'warn', ...ports, ...flags],
    'ignore',
    log,
  )
  if (log !== undefined) closeSync(log) // the process has its own
  const closed = once(child, 'close')
  const stop = async () => {
    child.kill('SIGTERM')
    await closed
  }
  try {
    const { compute, image, identity } = await greeting(child)
    return {
      pid: child.pid ?? 0,
      computeUrl: compute,
      imageUrl: image,
      signIn: (name) => signIn(identity, name),
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

type FaceName = 'compute' | 'image' | 'identity'

const GREETING =
  /compute +(?<compute>\S+)\/v2\.1\n +image +(?<image>\S+)\n +identity +(?<identity>\S+)\/v3\n/

/** Where `serve` says that it listens. */
async function greeting(child: ChildProcess): Promise<Record<FaceName, string>> {
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const deadlineMs = performance.now() + START_TIMEOUT_MS
  while (child.exitCode === null && performance.now() < deadlineMs) {
    const found = GREETING.exec(stdout())?.groups
    if (found !== undefined) return found as Record<FaceName, string>
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`afterimage serve did not start: ${stderr()}`)
}

async function signIn(identityUrl: string, name: string): Promise<string> {
  const user = { name: `bench-${name}`, domain: { id: 'default' }, password: PASSWORD }
  const response = await fetch(`${identityUrl}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } } } }),
  })
  const token = response.headers.get('x-subject-token')
  if (token === null) throw new Error(`${name} cannot sign in: ${response.status}`)
  return token
}
