import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { type Front, startFront } from '../openstack/start-front.ts'
import { ANY_PORTS } from './command.ts'
import { CANNOT_MOUNT, mountMemory } from './mounts.ts'

/** What a running server answers when its files cannot be used. */

const MOUNT_KIB = 8 * 1024
const DEADLINE_MS = 60_000
/** More than an upload opens, its threads included. */
const MORE_FILES_MAX = 40
const JSON_TYPE = { 'content-type': 'application/json' }

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

interface Ask {
  readonly method?: string
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** Connections are kept, so that a server which can open no more is still reached. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

function ask(url: string, { method = 'GET', token, headers = {}, body }: Ask = {}) {
  const all = { ...JSON_TYPE, accept: 'application/json', ...headers }
  const sent = token === undefined ? all : { ...all, 'x-auth-token': token }
  return new Promise<Answer>((resolve, reject) => {
    request(url, { method, headers: sent, agent }, async (response) => {
      const text = await response.setEncoding('utf8').reduce((whole, part) => whole + part, '')
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
    })
      .on('error', reject)
      .end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body))
  })
}

interface Cloud extends AsyncDisposable {
  readonly front: Front
  readonly data: string
  readonly compute: string
  readonly image: string
  signIn(): Promise<Answer>
}

async function startCloud(folder: string): Promise<Cloud> {
  const data = join(folder, 'data')
  const floor = ['--image-free-bytes-min', '0']
  const front = await startFront([...ANY_PORTS, ...floor, '--data', data, '--example'])
  const urlOf = (face: string) =>
    new RegExp(`${face} +(http://\\S+)`).exec(front.greeting)?.[1] ?? assert.fail(front.greeting)
  const { auth } = parse(readFileSync(join(data, 'clouds.yaml'), 'utf8')).clouds.afterimage
  const user = { name: auth.username, domain: { id: 'default' }, password: auth.password }
  const project = { name: auth.project_name, domain: { id: 'default' } }
  const identity = { methods: ['password'], password: { user } }
  const body = { auth: { identity, scope: { project } } }
  const signIn = () => ask(`${urlOf('identity')}/auth/tokens`, { method: 'POST', body })
  const dispose = () => front[Symbol.asyncDispose]()
  const urls = { compute: urlOf('compute'), image: urlOf('image') }
  return { front, data, ...urls, signIn, [Symbol.asyncDispose]: dispose }
}

async function tokenOf(cloud: Cloud): Promise<string> {
  const { status, headers, text } = await cloud.signIn()
  assert.equal(status, 201, text)
  return String(headers['x-subject-token'])
}

/** Writes through every face until each face has refused one. */
async function refusals(
  { compute, image, signIn }: Cloud,
  token: string,
  id: string,
): Promise<Readonly<Record<string, Answer>>> {
  const value = 'x'.repeat(200)
  const writes = {
    compute: () => {
      const body = { metadata: Object.fromEntries([...'abcdef'].map((key) => [key, value])) }
      return ask(`${compute}/images/${id}/metadata`, { method: 'POST', token, body })
    },
    image: () => ask(`${image}/v2/images`, { method: 'POST', token, body: { name: value } }),
    identity: signIn,
  }
  const found: Record<string, Answer> = {}
  const deadlineMs = performance.now() + DEADLINE_MS
  while (Object.keys(found).length < 3) {
    assert.ok(performance.now() < deadlineMs, `refused so far: ${Object.keys(found)}`)
    for (const [face, write] of Object.entries(writes)) {
      const answer = await write()
      if (answer.status >= 300) found[face] = answer
    }
  }
  return found
}

async function untilKept(write: () => Promise<Answer>): Promise<Answer> {
  const deadlineMs = performance.now() + DEADLINE_MS
  for (;;) {
    const answer = await write()
    if (answer.status < 300 || performance.now() > deadlineMs) return answer
  }
}

/** Lets the process open so many more files; a new one gets the lowest free number. */
function allowFiles(pid: number, more: number): void {
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number))
  let limit = 0
  for (let free = 0; open.has(limit) || free < more; limit += 1) if (!open.has(limit)) free += 1
  execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${limit}:`])
}

function fill(folder: string): string {
  const file = join(folder, 'fill')
  const { bavail, bsize } = statfsSync(folder)
  writeFileSync(file, Buffer.alloc(bavail * bsize))
  return file
}

describe('a disk that fills up under a server', { skip: CANNOT_MOUNT }, () => {
  it('refuses changes in words, goes on reading, and takes changes when there is room', async () => {
    using mount = mountMemory(MOUNT_KIB)
    await using cloud = await startCloud(mount.path)
    const token = await tokenOf(cloud)
    const made = await ask(`${cloud.image}/v2/images`, {
      method: 'POST',
      token,
      body: { name: 'x' },
    })
    const { id } = JSON.parse(made.text)
    const filled = fill(mount.path)

    const refused = await refusals(cloud, token, id)
    for (const [face, { status, headers, text }] of Object.entries(refused)) {
      assert.equal(status, 503, `${face}: ${text}`)
      assert.match(text, /cannot keep .* at the moment: its disk is full/)
      assert.match(String(headers['retry-after']), /^[1-9]\d*$/)
    }
    const bodyOf = (face: string) => JSON.parse(refused[face]?.text ?? '{}')
    assert.deepEqual(Object.keys(bodyOf('compute')), ['serviceUnavailable'])
    assert.equal(bodyOf('image').code, '503 Service Unavailable')
    assert.equal(bodyOf('identity').error.code, 503)

    const list = await ask(`${cloud.compute}/images/detail`, { token })
    assert.equal(list.status, 200)
    assert.ok(list.text.includes(id))
    const said = cloud.front.log().split('\n')
    assert.equal(said.filter((line) => line.includes('writes are not kept')).length, 1)
    assert.deepEqual(
      said.filter((line) => line.includes('unexpected')),
      [],
    )

    rmSync(filled)
    const body = { name: 'y' }
    const again = await untilKept(() =>
      ask(`${cloud.image}/v2/images`, { method: 'POST', token, body }),
    )
    assert.equal(again.status, 201, again.text)
  })
})

describe('a server that may open only a few more files', { skip: CANNOT_MOUNT }, () => {
  it('refuses data in words, wherever the limit strikes, and goes on with what is open', async (t) => {
    using mount = mountMemory(MOUNT_KIB)
    await using cloud = await startCloud(mount.path)
    const token = await tokenOf(cloud)
    const formats = { disk_format: 'raw', container_format: 'bare' }
    const made = await ask(`${cloud.image}/v2/images`, { method: 'POST', token, body: formats })
    const { id } = JSON.parse(made.text)
    await ask(`${cloud.compute}/images/detail`, { token }) // a connection to be kept
    const { pid } = cloud.front
    const headers = { 'content-type': 'application/octet-stream' }
    const url = `${cloud.image}/v2/images/${id}/file`
    const upload = () => ask(url, { method: 'PUT', token, headers, body: 'data' })

    let more = 0
    for (; more < MORE_FILES_MAX; more += 1) {
      allowFiles(pid, more)
      const answer = await upload()
      if (answer.status === 204) break
      assert.equal(answer.status, 503, `${more} more: ${answer.text}`)
      assert.match(JSON.parse(answer.text).message, /cannot use its image files at the moment/)
      assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/)
      const list = await ask(`${cloud.compute}/images/detail`, { token })
      assert.equal(list.status, 200)
    }
    t.diagnostic(`refused with up to ${more - 1} more files, taken with ${more}`)
    assert.ok(more > 0 && more < MORE_FILES_MAX)
    allowFiles(pid, 0)
    const download = await ask(url, { token })
    assert.equal(download.status, 503, download.text)
    allowFiles(pid, MORE_FILES_MAX)
    assert.equal((await ask(url, { token })).text, 'data')
    const said = cloud.front.log().split('\n')
    assert.equal(said.filter((line) => line.includes('cannot use its image files')).length, 1)
    assert.doesNotMatch(cloud.front.log(), /unexpected/)
  })
})
