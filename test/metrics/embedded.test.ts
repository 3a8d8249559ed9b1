import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../server/free-port.ts'
import { startRunning } from '../server/running.ts'
import { scrape, sumOf } from './scrape.ts'

const data = mkdtempSync(join(tmpdir(), 'afterimage-metrics-embedded-'))
let stand: Awaited<ReturnType<typeof startRunning>>
let url: string

before(async () => {
  stand = await startRunning(data, {
    'metrics.port': String(await freePort()),
    'image.sizeBytesMax': '1000000',
    'image.uploadsMax': '1',
  })
  url = stand.running.metricsUrl ?? assert.fail('no metrics')
})
after(async () => {
  await stand.running.close()
  rmSync(data, { recursive: true, force: true })
})

async function read(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  return sumOf(await scrape(url), `afterimage_${name}`, labels)
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { 'x-auth-token': stand.token, ...(init.headers as Record<string, string>) }
  const face = path.startsWith('/v2.1') ? 'compute' : 'image'
  const response = await fetch(`${stand.running.urls[face]}${path}`, { ...init, headers })
  await response.clone().arrayBuffer()
  return response
}

async function create(): Promise<string> {
  const body = JSON.stringify({ name: 'a', disk_format: 'raw', container_format: 'bare' })
  const headers = { 'content-type': 'application/json' }
  const response = await ask('/v2/images', { method: 'POST', body, headers })
  assert.equal(response.status, 201)
  return ((await response.json()) as { id: string }).id
}

it('the images of the catalogue, and the size of its files', async () => {
  const images = await read('images')
  const id = await create()
  assert.equal(await read('images'), images + 1)
  await ask(`/v2/images/${id}`, { method: 'DELETE' })
  assert.equal(await read('images'), images)
  const file = join(data, 'afterimage.db')
  assert.equal(await read('database_bytes', { file: 'main' }), statSync(file).size)
  assert.equal(await read('database_bytes', { file: 'wal' }), statSync(`${file}-wal`).size)
})

it('writes that are kept, and those that the rules undo', async () => {
  const writes = (outcome: string) => read('database_writes_total', { outcome })
  const id = await create()
  const before = [await writes('kept'), await writes('undone')] as const
  await ask(`/v2/images/${id}/tags/a`, { method: 'PUT' })
  assert.equal(await writes('kept'), before[0] + 1)
  const headers = { 'content-type': 'application/openstack-images-v2.1-json-patch' }
  const remove = JSON.stringify([{ op: 'remove', path: '/nothing' }])
  const refused = await ask(`/v2/images/${id}`, { method: 'PATCH', body: remove, headers })
  assert.equal(refused.status, 409)
  assert.deepEqual([await writes('kept'), await writes('undone')], [before[0] + 1, before[1] + 1])
})

it('a write that waits for another process, and for how long', async () => {
  const id = await create()
  assert.equal(await read('database_busy_waits_total'), 0)
  const other = new DatabaseSync(join(data, 'afterimage.db'))
  other.exec('BEGIN IMMEDIATE')
  const asked = ask(`/v2/images/${id}/tags/b`, { method: 'PUT' })
  while ((await read('database_busy_waits_total')) !== 1) await sleep(5)
  other.exec('COMMIT')
  other.close()
  assert.equal((await asked).status, 204)
  assert.ok((await read('database_busy_wait_seconds_total')) > 0)
})

it('lists that are answered from memory', async () => {
  const lookups = async () => [
    await read('answer_cache_lookups_total', { result: 'hit' }),
    await read('answer_cache_lookups_total', { result: 'miss' }),
  ]
  await create()
  const [hits = 0, misses = 0] = await lookups()
  // Kept is what is asked for again.
  await ask('/v2.1/images/detail')
  await ask('/v2.1/images/detail')
  assert.deepEqual(await lookups(), [hits, misses + 2])
  await ask('/v2.1/images/detail')
  assert.deepEqual(await lookups(), [hits + 1, misses + 2])
  assert.equal(await read('answer_cache_answers'), 1)
  assert.ok((await read('answer_cache_bytes')) > 100)
})

it('tokens, by what was found of them', async () => {
  const outcomes = ['found', 'remembered', 'malformed', 'unknown', 'expired', 'unavailable']
  const counts = () =>
    Promise.all(outcomes.map((outcome) => read('token_lookups_total', { outcome })))
  const before = await counts()
  for (const token of [stand.token, 'x', `ait_${'A'.repeat(43)}`]) {
    await ask('/v2.1/images', { headers: { 'x-auth-token': token } })
  }
  const now = await counts()
  assert.deepEqual(
    now.map((count, i) => count - (before[i] ?? 0)),
    [0, 1, 1, 1, 0, 0],
  )
  assert.ok((now[0] ?? 0) > 0)
})

it('uploads: those in progress, their bytes, and what became of them', async () => {
  const headers = { 'content-type': 'application/octet-stream' }
  const upload = (id: string, body: string) =>
    ask(`/v2/images/${id}/file`, { method: 'PUT', body, headers })
  assert.equal((await upload(await create(), 'x'.repeat(100_000))).status, 204)
  assert.equal(await read('uploaded_bytes_total'), 100_000)
  assert.equal(await read('uploads_total', { outcome: 'received' }), 1)
  assert.equal((await upload(await create(), 'x'.repeat(1_000_001))).status, 413)
  assert.equal(await read('uploads_total', { outcome: 'too_large' }), 1)

  const { hostname, port } = new URL(stand.running.urls.image)
  const socket = connect(Number(port), hostname)
  const lines = [
    `PUT /v2/images/${await create()}/file HTTP/1.1`,
    'Host: a',
    `X-Auth-Token: ${stand.token}`,
    'Content-Type: application/octet-stream',
    'Content-Length: 5000',
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\nfirst`)
  while ((await read('uploads_in_progress')) !== 1) await sleep(5)
  while ((await read('uploaded_bytes_total')) !== 100_005) await sleep(5)
  assert.equal((await upload(await create(), 'x')).status, 503)
  assert.equal(await read('uploads_total', { outcome: 'too_many' }), 1)
  assert.equal(await read('uploads_in_progress'), 1)
  socket.destroy()
  while ((await read('uploads_in_progress')) !== 0) await sleep(5)
  assert.equal(await read('uploads_total', { outcome: 'broken_off' }), 1)
})
