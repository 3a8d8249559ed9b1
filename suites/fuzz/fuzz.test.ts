import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { writeDocument } from '../../src/image/document.ts'
import type { Image } from '../../src/image/image.ts'
import { isVisible, isWritable } from '../../src/image/visibility.ts'
import type { Answer } from '../../test/server/answers.ts'
import { Chance } from './chance.ts'
import { Connection } from './connection.ts'
import { judge } from './judge.ts'
import { type FuzzRequest, makeRequest, type Port } from './requests.ts'
import { type FuzzedServer, populate, readImages, startServer } from './server.ts'
import type { World } from './world.ts'

/**
 * Random requests against a real server. `FUZZ_SEED` gives the same requests again, but for tokens
 * and project ids (the seed is printed); `FUZZ_REQUESTS` says how many (a few get no answer,
 * because they follow a refused one on their connection); `FUZZ_ONLY` sends the one of that number
 * alone.
 */
const SEED = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 110_000)
const ONLY = process.env['FUZZ_ONLY']
/** Memory is first measured after so many, when caches are full and code is compiled. */
const WARM_UP_REQUESTS = 10_000
const RSS_GROWTH_BYTES_MAX = 64 * 1024 * 1024
const CONNECTIONS = 12
const PIPELINE_MAX = 4
const PROBLEMS_SHOWN = 20

let folder = ''
let server: FuzzedServer
let world: World
let next = 0
const problems: string[] = []
const statuses = new Map<string, number>()
/** Images that a good answer says were changed, with who did it. */
const changed = new Map<string, FuzzRequest>()
/** Ids of images that a good answer says were made. */
const made = new Set<string>()

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fuzz-'))
  server = await startServer(folder)
  world = await populate(folder, server.ports.identity, SEED)
})
after(async () => {
  server.kill()
  await rm(folder, { recursive: true })
})

/** The request of a number is the same whatever was asked before it. */
function requestOf(number: number): FuzzRequest {
  return makeRequest(new Chance(SEED ^ Math.imul(number + 1, 0x9e3779b1)), world)
}

function report(number: number, request: FuzzRequest, problem: string, answer?: Answer): void {
  const sent = JSON.stringify(request.bytes.toString('latin1').slice(0, 400))
  const got = answer === undefined ? 'nothing' : `${answer.status} ${answer.body.slice(0, 200)}`
  problems.push(
    `${number} (${request.port}, ${request.way}): ${problem}\n  sent ${sent}\n  got ${got}`,
  )
}

function take(number: number, request: FuzzRequest, answer: Answer): void {
  const count = `${request.port} ${answer.status}`
  statuses.set(count, (statuses.get(count) ?? 0) + 1)
  for (const problem of judge(request, answer, world)) report(number, request, problem, answer)
  const id = answer.status === 201 && request.port === 'image' ? idOf(answer) : undefined
  if (id !== undefined) made.add(id)
  const isWrite = ['PUT', 'POST', 'PATCH', 'DELETE'].includes(request.method)
  if (!isWrite || answer.status >= 300 || request.imageId === undefined) return
  // Dots led the path up to the version document, which any method gets: no image may change by it.
  if (answer.body.startsWith('{"version":')) return
  const image = world.images.find(({ id }) => id === request.imageId)
  if (image === undefined) return // the path led elsewhere; nothing may come of it (see the end)
  if (!mayChange(request, image)) {
    report(number, request, 'a write that is not allowed', answer)
  }
  changed.set(request.imageId, request)
}

function idOf({ body }: Answer): string {
  return (JSON.parse(body) as { id: string }).id
}

function mayChange({ caller }: FuzzRequest, image: Image): boolean {
  if (caller === undefined || !caller.mayWrite) return false
  return isVisible(image, caller.viewer) && isWritable(image, caller.viewer)
}

/** Takes numbers up to `end` and sends their requests, some alone, some a few at a time. */
async function work(end: number): Promise<void> {
  const chance = new Chance(SEED ^ end)
  const kept = new Map<Port, Connection>()
  while (next < end) {
    const batch: [number, FuzzRequest][] = []
    const size = chance.is(80) ? 1 : 1 + chance.below(PIPELINE_MAX)
    while (batch.length < size && next < end) {
      const number = next
      next += 1
      const request = requestOf(number)
      const isOdd = request.way !== 'kept' || request.port !== (batch[0]?.[1].port ?? request.port)
      if (isOdd) await sendAlone(number, request)
      else batch.push([number, request])
    }
    await sendBatch(batch, kept)
  }
  for (const connection of kept.values()) connection.drop()
}

async function sendBatch(
  batch: readonly (readonly [number, FuzzRequest])[],
  kept: Map<Port, Connection>,
): Promise<void> {
  const port = batch[0]?.[1].port
  if (port === undefined) return
  let connection = kept.get(port)
  if (connection === undefined || connection.isClosed) {
    connection = new Connection(server.ports[port])
    kept.set(port, connection)
  }
  for (const [number, request] of batch) connection.send(number, request.bytes)
  for (const [number, request] of batch) {
    const answer = await connection.answer(request.method === 'HEAD')
    const isAnswer = typeof answer === 'object'
    if (isAnswer) take(number, request, answer)
    else report(number, request, `no answer: ${answer}, after ${connection.sent.slice(-8)}`)
    if (!isAnswer || answer.headers.get('connection')?.[0] === 'close') {
      connection.drop()
      kept.delete(port)
      return // what was sent behind it is not carried out
    }
  }
}

/** Sent on a connection of its own, which the server closes, or which the sender half-closes. */
async function sendAlone(number: number, request: FuzzRequest): Promise<void> {
  const connection = new Connection(server.ports[request.port])
  connection.send(number, request.bytes)
  if (request.way === 'broken') connection.finish()
  const answer = await connection.answer(request.method === 'HEAD')
  const isNothing = /^[\r\n]*$/.test(request.bytes.toString('latin1'))
  const isConnect = request.bytes.toString('latin1').includes('CONNECT')
  if (typeof answer === 'object') take(number, request, answer)
  else if (answer === 'late' || !(isNothing || isConnect)) {
    report(number, request, `no answer: ${answer}`)
  }
  connection.drop()
}

async function run(end: number): Promise<void> {
  await Promise.all(Array.from({ length: CONNECTIONS }, () => work(end)))
}

function checksum(images: Iterable<Image>): string {
  const hash = createHash('sha256')
  for (const image of [...images].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    hash.update(JSON.stringify(writeDocument(image)))
  }
  return hash.digest('hex')
}

const mib = (bytes: number) => (bytes / 1024 / 1024).toFixed(1)

test(`${REQUESTS} random requests: no 5xx, no leak, no crash, no growth, nothing changed that may not`, async (t) => {
  t.diagnostic(`FUZZ_SEED=${SEED}`)
  const startedAt = performance.now()
  if (ONLY === undefined) await run(Math.min(WARM_UP_REQUESTS, REQUESTS))
  else await sendAlone(Number(ONLY), requestOf(Number(ONLY)))
  const pausedAt = performance.now()
  const warmBytes = await server.rssBytes()
  const pauseMs = performance.now() - pausedAt
  if (ONLY === undefined) await run(REQUESTS)
  const elapsedMs = performance.now() - startedAt - pauseMs
  const endBytes = await server.rssBytes()

  const answered = [...statuses.values()].reduce((sum, count) => sum + count, 0)
  const rate = Math.round((answered / elapsedMs) * 1000)
  t.diagnostic(`${answered} answers in ${(elapsedMs / 1000).toFixed(1)} s, ${rate} a second`)
  for (const [status, count] of [...statuses].sort()) t.diagnostic(`  ${status}: ${count}`)
  t.diagnostic(
    `memory: ${mib(warmBytes)} MiB after ${WARM_UP_REQUESTS}, ${mib(endBytes)} at the end`,
  )
  assert.deepEqual(
    problems.slice(0, PROBLEMS_SHOWN),
    [],
    `${problems.length} problems, seed ${SEED}`,
  )
  assert.deepEqual(server.troubles, [])
  assert.ok(server.isAlive())
  assert.ok(endBytes - warmBytes <= RSS_GROWTH_BYTES_MAX, `${mib(endBytes - warmBytes)} MiB more`)

  const now = await readImages(folder)
  const untouched = world.images.filter(({ id }) => !changed.has(id))
  const left = untouched.flatMap(({ id }) => now.get(id) ?? [])
  t.diagnostic(`images: ${world.images.length} before, ${changed.size} changed, ${now.size} left`)
  assert.equal(left.length, untouched.length)
  assert.equal(checksum(left), checksum(untouched))
  assert.deepEqual(
    [...now.keys()].filter((id) => !made.has(id) && world.images.every((it) => it.id !== id)),
    [],
  )
  for (const { id, isProtected } of world.images) {
    assert.ok(now.has(id) || !isProtected, `protected image ${id} is gone`)
  }
  assert.equal(await server.stop(), 0)
})
