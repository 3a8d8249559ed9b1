import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request as ask, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { create, request } from './client.ts'
import { RunningServer } from './run-server.ts'

/** Images larger than memory: `LARGE_GIB` says how large, above 4 by default. */
const GIB = 1024 ** 3
const LARGE_BYTES = Math.ceil(Number(process.env['LARGE_GIB'] ?? 4.25) * GIB)
const PIECE_BYTES = 1024 * 1024
/** Memory of a server that receives an image of any size: its blocks and the system's buffers. */
const GROWTH_BYTES_MAX = 160 * 1024 * 1024
const SLOW_READ_MS = 1000

let folder = ''
let server: RunningServer
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-data-large-'))
  server = await RunningServer.start(folder)
})
after(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

/** Piece N begins with N, so that no two places have the same bytes. */
function piece(number: number, bytes: number): Buffer {
  const made = Buffer.alloc(bytes, number & 0xff)
  if (bytes >= 4) made.writeUInt32BE(number)
  return made
}

function* pieces(bytes: number): Iterable<Buffer> {
  for (let at = 0; at < bytes; at += PIECE_BYTES) {
    yield piece(at / PIECE_BYTES, Math.min(PIECE_BYTES, bytes - at))
  }
}

/** @returns the MD5 of what was sent, and the most memory that the server had meanwhile */
async function upload(id: string, bytes: number): Promise<{ md5: string; rssMax: number }> {
  const path = `/v2/images/${id}/file`
  const headers = { 'x-auth-token': 'any', 'content-type': 'application/octet-stream' }
  const sending = ask({ port: server.port, method: 'PUT', path, headers })
  const answered = once(sending, 'response') as Promise<[IncomingMessage]>
  const md5 = createHash('md5')
  let rssMax = 0
  let number = 0
  for (const part of pieces(bytes)) {
    md5.update(part)
    if (!sending.write(part)) await once(sending, 'drain')
    number += 1
    if (number % 128 === 0) rssMax = Math.max(rssMax, await server.rssBytes())
  }
  sending.end()
  const [answer] = await answered
  assert.equal(answer.statusCode, 204)
  return { md5: md5.digest('hex'), rssMax }
}

async function part(id: string, start: number, end: number): Promise<Buffer> {
  const range = `bytes=${start}-${end - 1}`
  const response = await request(server.port, 'GET', `/${id}/file`, undefined, { range })
  assert.equal(response.status, 206)
  return Buffer.from(await response.arrayBuffer())
}

test('1 GiB goes in and out through a server whose memory stays flat', async (t) => {
  await upload(await create(server.port), 64 * PIECE_BYTES) // once, so that all code is there
  const before = await server.rssBytes()
  const id = await create(server.port)
  const { md5, rssMax } = await upload(id, GIB)
  const response = await request(server.port, 'GET', `/${id}/file`)
  const hash = createHash('md5')
  let rssMaxDown = 0
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    hash.update(chunk)
    const isDue = Math.floor(bytes / (128 * PIECE_BYTES))
    bytes += chunk.length
    if (Math.floor(bytes / (128 * PIECE_BYTES)) !== isDue) {
      rssMaxDown = Math.max(rssMaxDown, await server.rssBytes())
    }
  }
  assert.equal(hash.digest('hex'), md5)
  assert.equal(response.headers.get('content-md5'), md5)
  const mib = (value: number) => Math.round((value - before) / 2 ** 20)
  t.diagnostic(`memory grew by ${mib(rssMax)} MiB at most going in, ${mib(rssMaxDown)} going out`)
  assert.ok(rssMax - before < GROWTH_BYTES_MAX, 'going in')
  assert.ok(rssMaxDown - before < GROWTH_BYTES_MAX, 'going out')
})

test('an image above 4 GiB has its size, its digest and each of its parts', async (t) => {
  const id = await create(server.port)
  const { md5 } = await upload(id, LARGE_BYTES + 5)
  const shown = (await (await request(server.port, 'GET', `/${id}`)).json()) as {
    size: number
    virtual_size: number
    checksum: string
  }
  assert.equal(shown.size, LARGE_BYTES + 5)
  assert.equal(shown.virtual_size, LARGE_BYTES + 5)
  assert.equal(shown.checksum, md5)
  const last = Math.floor(LARGE_BYTES / PIECE_BYTES) - 1
  for (const number of [0, 1, 2047, 2048, 4095, 4096, last].filter((n) => n <= last)) {
    const got = await part(id, number * PIECE_BYTES, number * PIECE_BYTES + 8)
    assert.ok(got.equals(piece(number, 8)), `piece ${number}`)
  }
  const end = await part(id, LARGE_BYTES - 3, LARGE_BYTES + 5)
  assert.equal(end.length, 8)
  t.diagnostic(`${shown.size} bytes`)
})

test('a reader who stops for a while costs no memory and loses nothing', async () => {
  const id = await create(server.port)
  const { md5 } = await upload(id, 256 * PIECE_BYTES)
  const before = await server.rssBytes()
  const headers = { 'x-auth-token': 'any' }
  const asking = ask({ port: server.port, path: `/v2/images/${id}/file`, headers }).end()
  const [answer] = (await once(asking, 'response')) as [IncomingMessage]
  await sleep(SLOW_READ_MS) // nothing is read yet
  assert.ok((await server.rssBytes()) - before < 64 * 1024 * 1024)
  const hash = createHash('md5')
  for await (const chunk of answer) hash.update(chunk as Buffer)
  assert.equal(hash.digest('hex'), md5)
})
