import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import { Administration } from '../../src/identity/local/administration.ts'
import type { Image } from '../../src/image/image.ts'
import { DATABASE_FILE } from '../../src/server/serve.ts'
import type { Told } from './child.ts'
import type { Port } from './requests.ts'
import { type Caller, makeImages, type World } from './world.ts'

const PASSWORD = 'correct-horse-battery'
const IMAGES = 400

/** The child process, and what it said. */
export interface FuzzedServer {
  readonly ports: Readonly<Record<Port, number>>
  /** Errors that must never happen, and did. */
  readonly troubles: readonly string[]
  readonly isAlive: () => boolean
  /** Resident memory after a forced garbage collection. */
  rssBytes(): Promise<number>
  /** Kills it. */
  kill(): void
  /** Stops it properly. @returns its exit code. */
  stop(): Promise<number | null>
}

export async function startServer(folder: string): Promise<FuzzedServer> {
  const child = fork(new URL('child.ts', import.meta.url), [folder, PASSWORD], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const troubles: string[] = []
  child.on('message', (told: Told) => {
    if (told.kind === 'trouble') troubles.push(told.text)
  })
  const { urls } = await hear(child, 'listening')
  const port = (name: Port) => Number(new URL(urls[name] ?? '').port)
  return {
    ports: { compute: port('compute'), image: port('image'), identity: port('identity') },
    troubles,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    async rssBytes() {
      child.send('memory')
      return (await hear(child, 'memory')).rssBytes
    },
    kill: () => void child.kill('SIGKILL'),
    async stop() {
      const exited = once(child, 'exit')
      child.send('stop')
      const [code] = await exited
      return code as number | null
    },
  }
}

function hear<K extends Told['kind']>(child: ChildProcess, kind: K): Promise<Told & { kind: K }> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server exited with ${code}`)))
    child.on('message', (told: Told) => {
      if (told.kind === kind) resolve(told as Told & { kind: K })
    })
  })
}

/** Makes images, and callers of every kind, beside the running server. */
export async function populate(folder: string, identityPort: number, seed: number): Promise<World> {
  using database = new Database(join(folder, DATABASE_FILE))
  const accounts = new Administration(database)
  const other = await accounts.addProject({ name: 'other' })
  await accounts.addUser({ name: 'reader', password: PASSWORD, project: 'demo', role: 'reader' })
  await accounts.addUser({ name: 'other', password: PASSWORD, project: 'other', role: 'member' })
  const id = (name: string) => accounts.listProjects().find((p) => p.name === name)?.id ?? ''
  const projects = [id('admin'), id('demo'), other.id]
  const images = makeImages(IMAGES, seed, projects)
  await openSqliteCatalogue(database).putImages(images)
  const caller = async (
    user: string,
    project: string | null,
    mayWrite = true,
  ): Promise<Caller> => ({
    token: await signIn(identityPort, user, project),
    viewer: {
      project: project === null ? null : id(project),
      isAdmin: user === 'admin' && project !== null,
    },
    mayWrite,
  })
  return {
    projects,
    images,
    contested: new Set(images.filter((_, i) => i % 4 === 0).map(({ id }) => id)),
    callers: [
      await caller('demo', 'demo'),
      await caller('other', 'other'),
      await caller('admin', 'admin'),
      await caller('reader', 'demo', false),
      await caller('demo', null, false),
    ],
  }
}

async function signIn(port: number, name: string, project: string | null): Promise<string> {
  const domain = { id: 'default' }
  const user = { name, domain, password: PASSWORD }
  const scope = project === null ? 'unscoped' : { project: { name: project, domain } }
  const response = await fetch(`http://127.0.0.1:${port}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      auth: { identity: { methods: ['password'], password: { user } }, scope },
    }),
  })
  const token = response.headers.get('x-subject-token')
  if (token === null) throw new Error(`${name} cannot sign in: ${await response.text()}`)
  return token
}

/** Every image that there is now. */
export async function readImages(folder: string): Promise<Map<string, Image>> {
  using database = new Database(join(folder, DATABASE_FILE))
  const images = new Map<string, Image>()
  for await (const batch of openSqliteCatalogue(database).exportImages()) {
    for (const image of batch) images.set(image.id, image)
  }
  return images
}
