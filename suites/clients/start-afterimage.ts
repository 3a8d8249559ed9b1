import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { ownEnvironment } from '../own-environment.ts'
import {
  exampleDocuments,
  type ImageDocument,
  listedForAdmin,
  listedForDemo,
  madeDocuments,
  type Projects,
} from './fixture.ts'

const run = promisify(execFile)
const BIN = fileURLToPath(new URL('../../bin/afterimage', import.meta.url))
const START_TIMEOUT_MS = 30_000
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

/** How a user signs in, as clouds.yaml says. */
export interface Account {
  readonly auth_url: string
  readonly username: string
  readonly password: string
  readonly project_name: string
  readonly user_domain_name: string
  readonly project_domain_name: string
}

/** A running Afterimage with the suite's catalogue, and what its user is to see. */
export interface Afterimage extends AsyncDisposable {
  /** For clients that read clouds.yaml. */
  readonly cloudsYaml: string
  /** The entry `afterimage`: user and project `demo`. */
  readonly account: Account
  readonly region: string
  readonly projects: Projects
  readonly urls: { readonly compute: string; readonly image: string; readonly identity: string }
  /** All that the user's list shows, in its order. */
  readonly listed: readonly ImageDocument[]
  /** The same for the administrator. */
  readonly listedByAdmin: readonly ImageDocument[]
  /** Runs another `afterimage` command on the same data folder. @returns its stdout */
  command(...args: readonly string[]): Promise<string>
  /** Runs an `afterimage` command that has no data folder. @returns its stdout */
  run(...args: readonly string[]): Promise<string>
}

/** Starts the product as its users do, on free ports, and imports the suite's images beside it. */
export async function startAfterimage(): Promise<Afterimage> {
  const dir = mkdtempSync(join(tmpdir(), 'afterimage-clients-'))
  const data = join(dir, 'data')
  const ports = ['compute', 'image', 'identity'].flatMap((name) => [`--${name}-port`, '0'])
  const server = spawn(BIN, ['serve', '--example', '--data', data, ...ports], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: ownEnvironment(),
  })
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()))
  const stop = async () => {
    server.kill('SIGTERM')
    await ended
    rmSync(dir, { recursive: true, force: true })
  }
  const runAlone = async (...args: readonly string[]) => {
    const options = { env: ownEnvironment(), cwd: dir, maxBuffer: OUTPUT_BYTES_MAX }
    return (await run(BIN, args, options)).stdout
  }
  const command = (...args: readonly string[]) => runAlone(...args, '--data', data)
  try {
    const urls = await greeted(server)
    const projects = await projectIds(command)
    const made = madeDocuments(projects)
    const documents = [...exampleDocuments(projects), ...made]
    const file = join(dir, 'made.json')
    writeFileSync(file, JSON.stringify({ images: made }))
    await command('import', file)
    const cloudsYaml = join(data, 'clouds.yaml')
    const { clouds } = parse(readFileSync(cloudsYaml, 'utf8'))
    return {
      cloudsYaml,
      account: clouds.afterimage.auth,
      region: clouds.afterimage.region_name,
      projects,
      urls,
      listed: listedForDemo(projects, documents),
      listedByAdmin: listedForAdmin(projects, documents),
      command,
      run: runAlone,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Reads where each face listens out of what `serve` prints. */
async function greeted(server: ReturnType<typeof spawn>): Promise<Afterimage['urls']> {
  let stdout = ''
  let stderr = ''
  server.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  return await new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      clearTimeout(timer)
      reject(new Error(`afterimage serve ${reason}: ${stderr}`))
    }
    const timer = setTimeout(() => fail('did not start in time'), START_TIMEOUT_MS)
    server.once('error', (error) => fail(error.message))
    server.once('exit', (code) => fail(`ended with ${code}`))
    server.stdout?.on('data', (chunk) => {
      stdout += chunk
      const found = /compute +(\S+)\/v2\.1\n +image +(\S+)\n +identity +(\S+)\/v3\n/.exec(stdout)
      const [, compute, image, identity] = found ?? []
      if (compute === undefined || image === undefined || identity === undefined) return
      clearTimeout(timer)
      resolve({ compute, image, identity })
    })
  })
}

async function projectIds(command: Afterimage['command']): Promise<Projects> {
  const projects: { id: string; name: string }[] = JSON.parse(
    await command('project', 'list', '--json'),
  )
  const idOf = (name: string) => {
    const project = projects.find((candidate) => candidate.name === name)
    if (project === undefined) throw new Error(`the first start made no project ${name}`)
    return project.id
  }
  return { demo: idOf('demo'), admin: idOf('admin') }
}
