import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { ownEnvironment } from '../own-environment.ts'
import type { Cloud } from './cloud.ts'
import { glanceApi } from './glance-api.ts'
import { BIN, startFront } from './start-front.ts'

const run = promisify(execFile)

/**
 * The embedded catalogue with the same images: Afterimage over Glance must give the same answers.
 */
export interface Twin extends AsyncDisposable {
  readonly url: string
  /** The base of its alternate links. */
  readonly imageUrl: string
  /** A token of the user demo, of the project that is called demo in the cloud. */
  readonly token: string
}

/** Starts an Afterimage of its own and gives it all that the cloud's Glance holds. */
export async function startTwin(cloud: Cloud): Promise<Twin> {
  const folder = mkdtempSync(join(tmpdir(), 'afterimage-twin-'))
  const data = join(folder, 'data')
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const command = async (...args: readonly string[]) => {
    const { stdout } = await run(process.execPath, [BIN, ...args, '--data', data], {
      env: ownEnvironment(),
    })
    return stdout
  }
  try {
    const file = join(folder, 'images.json')
    writeFileSync(file, JSON.stringify(await allDocuments(cloud)))
    const imageUrl = 'http://image.twin'
    const flags = ['--image-port', '0', '--identity-port', '0', '--image-public-url', imageUrl]
    const front = await startFront([...flags, '--data', data])
    await command('project', 'add', 'cloud-demo', '--id', cloud.projects.demo)
    await command('user', 'grant', 'demo', 'member', '--project', 'cloud-demo')
    await command('import', file)
    const token = await signIn(join(data, 'clouds.yaml'), cloud.projects.demo)
    const stop = async () => {
      await front[Symbol.asyncDispose]()
      remove()
    }
    return { url: front.url, imageUrl, token, [Symbol.asyncDispose]: stop }
  } catch (error) {
    remove()
    throw error
  }
}

async function signIn(cloudsYaml: string, project: string): Promise<string> {
  const { auth } = parse(readFileSync(cloudsYaml, 'utf8')).clouds.afterimage
  const user = { name: auth.username, password: auth.password, domain: { id: 'default' } }
  const identity = { methods: ['password'], password: { user } }
  const response = await fetch(`${auth.auth_url}/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ auth: { identity, scope: { project: { id: project } } } }),
  })
  const token = response.headers.get('x-subject-token')
  if (token === null) throw new Error(`cannot sign in to the twin: ${await response.text()}`)
  return token
}

/** Every image of a Glance that holds at most a thousand, with members. */
async function allDocuments(cloud: Cloud): Promise<readonly object[]> {
  const glance = glanceApi(cloud.glanceUrl)
  const admin = await cloud.token('admin', 'admin')
  const documents: object[] = []
  for (const hidden of ['false', 'true']) {
    const query = `limit=1000&visibility=all&os_hidden=${hidden}`
    const { images } = await glance.call('GET', `/images?${query}`, admin)
    for (const image of images as readonly Readonly<Record<string, unknown>>[]) {
      const path = `/images/${image['id']}/members`
      const isShared = image['visibility'] === 'shared'
      const { members } = isShared ? await glance.call('GET', path, admin) : { members: [] }
      documents.push({ ...image, members })
    }
  }
  return documents
}
