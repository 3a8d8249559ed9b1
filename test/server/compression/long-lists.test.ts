import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Image } from '../../../src/image/image.ts'
import { Compression } from '../../../src/server/compression/compression.ts'
import { generatedCatalogue, type Tap } from '../million.ts'
import { LIST, makeImage, type Stand, startServer, TOKEN } from '../stand.ts'
import { ask, CODINGS, decoded, decoder, open } from './ask.ts'

/** Lists that are streams, with a real face before them. */

const MILLION = 1_000_000
/** Images that may be under way to a caller who does not read: what fits into the buffers of sockets. */
const AHEAD_IMAGES_MAX = 60_000
/** What no coding makes small, so that few images fill those buffers. */
const NOISE_BYTES = 1000

const stands: Stand[] = []
after(() => Promise.all(stands.map((stand) => stand.close())))

async function start(total: number, { failAt, make }: Partial<Generated> = {}) {
  const tap: Tap = { made: 0, begun: 0, ended: 0 }
  const log: string[] = []
  const stand = await startServer({
    catalogue: generatedCatalogue(total, tap, failAt, make),
    compression: new Compression(),
    log,
  })
  stands.push(stand)
  return { url: `http://127.0.0.1:${stand.port}${LIST}`, tap, log }
}

interface Generated {
  readonly failAt: number
  readonly make: (index: number) => Image
}

function noisyImage(index: number): Image {
  const noise = randomBytes(NOISE_BYTES).toString('latin1')
  return makeImage(index, { properties: new Map([['noise', noise]]) })
}

const accept = (coding: string) => ({
  headers: { 'x-auth-token': TOKEN, 'accept-encoding': coding },
})

async function until(isTrue: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 1000; i += 1) {
    if (isTrue()) return
    await sleep(10)
  }
  assert.fail(`never: ${what}`)
}

test('a long list is the same when decoded', async () => {
  const { url, tap } = await start(20_000)
  const plain = await ask(url, accept('identity'))
  assert.equal(plain.headers['content-encoding'], undefined)
  assert.match(String(plain.headers['vary']), /, Accept-Encoding$/)
  for (const coding of CODINGS) {
    const small = await ask(url, accept(coding))
    assert.equal(small.headers['content-encoding'], coding)
    assert.equal(small.headers['content-length'], undefined)
    assert.equal(small.headers['vary'], plain.headers['vary'])
    assert.ok(small.bytes.length < plain.bytes.length / 5)
    assert.ok(decoded(small).equals(plain.bytes))
  }
  assert.equal(tap.ended, 4)
})

test('HEAD of a long list has the headers of GET, and reads no more than it takes to know', async () => {
  const { url, tap } = await start(MILLION)
  const head = await ask(url, { ...accept('br'), method: 'HEAD' })
  assert.equal(head.status, 200)
  assert.equal(head.headers['content-encoding'], 'br')
  assert.equal(head.headers['content-length'], undefined)
  assert.match(String(head.headers['vary']), /, Accept-Encoding$/)
  assert.equal(head.bytes.length, 0)
  assert.equal(tap.ended, 1)
  assert.ok(tap.made < MILLION / 10)
})

/** Reads until so many plain characters have come. */
async function readSome(response: IncomingMessage, coding: 'br' | 'zstd' | 'gzip') {
  const reader = response.pipe(decoder(coding)).setEncoding('utf8')
  let text = ''
  for await (const piece of reader.iterator({ destroyOnReturn: false })) {
    text += piece
    if (text.length > 4 * 1024 * 1024) return text
  }
  return text
}

for (const coding of CODINGS) {
  test(`${coding}: the caller reads the beginning long before the end is made, and the list waits`, async () => {
    const { url, tap } = await start(MILLION, { make: noisyImage })
    const response = await open(url, accept(coding))
    const text = await readSome(response, coding)
    assert.ok(text.startsWith('{"images":[{"id":"'))
    response.pause()
    let before = -1
    while (before !== tap.made) {
      before = tap.made
      await sleep(500)
    }
    assert.ok(tap.made < AHEAD_IMAGES_MAX, `${tap.made} images made ahead`)
    assert.equal(tap.ended, 0)
    response.destroy()
    await until(() => tap.ended === 1, 'the list is given up')
    assert.ok(tap.made < MILLION)
  })
}

test('a caller who goes away, at any moment, leaves no list open and no error in the log', async () => {
  const { url, tap, log } = await start(MILLION)
  for (const coding of CODINGS) {
    for (const waitMs of [0, 1, 10, 50]) {
      const response = await open(url, accept(coding))
      assert.equal(response.headers['content-encoding'], coding)
      response.resume()
      await sleep(waitMs)
      response.on('error', () => undefined).destroy()
    }
  }
  await until(() => tap.ended === 12, 'every list is given up')
  assert.deepEqual(
    log.filter((line) => /"level":(40|50|60)/.test(line)),
    [],
  )
  // None of them holds a place among the streams that may be under way.
  for (let i = 0; i < 16; i += 1) {
    const response = await open(url, accept('gzip'))
    assert.equal(response.headers['content-encoding'], 'gzip')
    response.destroy()
    await until(() => tap.ended === 13 + i, 'the list is given up')
  }
})

for (const coding of CODINGS) {
  test(`${coding}: a list that fails on the way is no whole answer, and the cause is in the log alone`, async () => {
    const { url, log } = await start(MILLION, { failAt: 20_000 })
    const response = await open(url, accept(coding))
    assert.equal(response.statusCode, 200)
    const pieces: Buffer[] = []
    await assert.rejects(async () => {
      for await (const piece of response) pieces.push(piece as Buffer)
    })
    assert.throws(() =>
      decoded({ headers: { 'content-encoding': coding }, bytes: Buffer.concat(pieces) }),
    )
    assert.equal(log.filter((line) => line.includes('a list was cut')).length, 1)
    assert.ok(log.some((line) => line.includes('on fire')))
    assert.ok(!Buffer.concat(pieces).includes('SECRET'))
  })
}
