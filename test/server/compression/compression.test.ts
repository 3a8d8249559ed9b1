import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import Fastify, { type FastifyReply } from 'fastify'
import { allowCompression, type KeptForms } from '../../../src/api/face/compressible.ts'
import { Compression, type CompressionLimits } from '../../../src/server/compression/compression.ts'
import { ask, CODINGS, decoded, decoder, open } from './ask.ts'

const KIB = 1024

/** A server that answers every request in one way. */
async function serve(
  t: TestContext,
  answer: (reply: FastifyReply, url: string) => unknown,
  limits?: CompressionLimits,
): Promise<string> {
  const app = Fastify({ exposeHeadRoutes: false })
  new Compression(limits).addTo(app)
  app.all('*', (request, reply) => {
    answer(reply, request.url)
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.after(() => {
    app.server.closeAllConnections()
    return app.close()
  })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

function text(bytes: number): Buffer {
  return Buffer.from('image '.repeat(bytes / 6 + 1)).subarray(0, bytes)
}

const accept = (value: string) => ({ headers: { 'accept-encoding': value } })

const SIZES = [1025, 4 * KIB, 16 * KIB, 16 * KIB + 1, 2048 * KIB]

for (const coding of CODINGS) {
  test(`${coding}: what is decoded is the plain body, and the length is that of what is sent`, async (t) => {
    const url = await serve(t, (reply, path) => {
      allowCompression(reply)
      return reply.send(text(Number(path.slice(1))))
    })
    for (const size of SIZES) {
      const answer = await ask(`${url}/${size}`, accept(coding))
      assert.equal(answer.headers['content-encoding'], coding)
      assert.equal(answer.headers['content-length'], String(answer.bytes.length))
      assert.equal(answer.headers['vary'], 'Accept-Encoding')
      assert.ok(answer.bytes.length < size / 2)
      assert.ok(decoded(answer).equals(text(size)))
      const head = await ask(`${url}/${size}`, { ...accept(coding), method: 'HEAD' })
      const { date: _, connection: __, ...headers } = answer.headers
      const { date: ___, connection: ____, ...headHeaders } = head.headers
      assert.deepEqual(headHeaders, headers)
      assert.equal(head.bytes.length, 0)
    }
  })
}

test('1 KiB is sent plain, unless the caller refuses that', async (t) => {
  const url = await serve(t, (reply) => {
    allowCompression(reply)
    return reply.send(text(KIB))
  })
  const small = await ask(url, accept('gzip'))
  assert.equal(small.headers['content-encoding'], undefined)
  assert.equal(small.headers['content-length'], '1024')
  assert.equal(small.headers['vary'], 'Accept-Encoding')
  const refused = await ask(url, accept('identity;q=0, gzip'))
  assert.equal(refused.headers['content-encoding'], 'gzip')
  assert.ok(decoded(refused).equals(text(KIB)))
  for (const nothingHere of ['identity;q=0', '*;q=0', 'deflate, identity;q=0']) {
    const answer = await ask(url, accept(nothingHere))
    assert.equal(answer.status, 200)
    assert.ok(answer.bytes.equals(text(KIB)), nothingHere)
  }
})

test('text is compressed like bytes, and its type stays as it is', async (t) => {
  const said = 'Größe '.repeat(1000)
  const url = await serve(t, (reply) => {
    allowCompression(reply)
    return reply.type('text/plain; charset=UTF-8').send(said)
  })
  const answer = await ask(url, accept('br'))
  assert.equal(answer.headers['content-type'], 'text/plain; charset=UTF-8')
  assert.equal(decoded(answer).toString(), said)
})

test('an answer that its face does not allow to be compressed is sent as it is', async (t) => {
  const url = await serve(t, (reply, path) =>
    reply.send(path === '/stream' ? Readable.from([text(4 * KIB)]) : text(4 * KIB)),
  )
  for (const path of ['/', '/stream']) {
    const answer = await ask(url + path, accept('gzip, br, zstd'))
    assert.equal(answer.headers['content-encoding'], undefined)
    assert.equal(answer.headers['vary'], undefined)
    assert.ok(answer.bytes.equals(text(4 * KIB)))
  }
})

test('answers without a body stay without one', async (t) => {
  const url = await serve(t, (reply, path) => {
    allowCompression(reply)
    return reply.code(Number(path.slice(1))).send()
  })
  for (const status of [200, 204, 304, 404]) {
    const answer = await ask(`${url}/${status}`, accept('identity;q=0, gzip'))
    assert.equal(answer.status, status)
    assert.equal(answer.bytes.length, 0)
    assert.equal(answer.headers['content-encoding'], undefined)
    assert.equal(answer.headers['vary'], undefined)
  }
})

test('Vary keeps what it has, and names the header once', async (t) => {
  const url = await serve(t, (reply, path) => {
    allowCompression(reply)
    return reply.header('vary', decodeURIComponent(path.slice(1))).send('{}')
  })
  const varied = async (given: string) =>
    (await ask(`${url}/${encodeURIComponent(given)}`)).headers['vary']
  assert.equal(await varied('X-Auth-Token'), 'X-Auth-Token, Accept-Encoding')
  assert.equal(await varied('Accept, X-Auth-Token'), 'Accept, X-Auth-Token, Accept-Encoding')
  assert.equal(await varied('accept-encoding, Accept'), 'accept-encoding, Accept')
  assert.equal(await varied('*'), '*')
})

test('a kept form is sent instead of a new one, and a new one is kept', async (t) => {
  const found = new Map<string, Buffer>([['br', Buffer.from('kept')]])
  const forms: KeptForms = {
    get: (coding) => found.get(coding),
    put: (coding, form) => found.set(coding, form),
  }
  const url = await serve(t, (reply, path) => {
    allowCompression(reply, forms)
    return reply.send(text(Number(path.slice(1))))
  })
  assert.equal((await ask(`${url}/4096`, accept('br'))).bytes.toString(), 'kept')
  const small = await ask(`${url}/4096`, accept('gzip'))
  assert.deepEqual(found.get('gzip'), small.bytes)
  const large = await ask(`${url}/100000`, accept('zstd'))
  assert.deepEqual(found.get('zstd'), large.bytes)
  assert.equal(found.get('br')?.toString(), 'kept')
})

test('what holds the event loop up for a moment is compressed at once, the rest within the limit', async (t) => {
  const url = await serve(
    t,
    (reply, path) => {
      allowCompression(reply)
      return reply.send(text(Number(path.slice(1))))
    },
    { bodiesMax: 0, streamsMax: 0 },
  )
  const codingOf = async (size: number) =>
    (await ask(`${url}/${size}`, accept('gzip'))).headers['content-encoding']
  assert.equal(await codingOf(16 * KIB), 'gzip')
  assert.equal(await codingOf(16 * KIB + 1), undefined)
})

test('callers who ask for one body at the same time share its compression', async (t) => {
  const body = text(4096 * KIB)
  const url = await serve(
    t,
    (reply) => {
      allowCompression(reply)
      return reply.send(body)
    },
    { bodiesMax: 1, streamsMax: 0 },
  )
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(url, accept('gzip'))))
  for (const answer of answers) {
    assert.equal(answer.headers['content-encoding'], 'gzip')
    assert.ok(decoded(answer).equals(body))
  }
})

for (const coding of CODINGS) {
  test(`${coding}: a stream that pauses has been read up to the pause, and streams are limited`, async (t) => {
    let goOn = () => {}
    const paused = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const url = await serve(
      t,
      (reply) => {
        allowCompression(reply)
        const pieces = async function* () {
          yield 'the first piece, '
          await paused
          yield 'the last'
        }
        return reply.send(Readable.from(pieces(), { objectMode: false }))
      },
      { bodiesMax: 0, streamsMax: 1 },
    )
    const response = await open(url, accept(coding))
    assert.equal(response.headers['content-encoding'], coding)
    assert.equal(response.headers['content-length'], undefined)
    const reader = response.pipe(decoder(coding)).setEncoding('utf8')[Symbol.asyncIterator]()
    assert.equal((await reader.next()).value, 'the first piece, ')

    const beside = await open(url, accept(coding))
    assert.equal(beside.headers['content-encoding'], undefined)
    goOn()
    assert.equal((await reader.next()).value, 'the last')
    assert.equal((await reader.next()).done, true)
    assert.equal((await beside.setEncoding('utf8').toArray()).join(''), 'the first piece, the last')

    const again = await ask(url, accept(coding))
    assert.equal(again.headers['content-encoding'], coding)
    assert.equal(decoded(again).toString(), 'the first piece, the last')
  })
}

test('a stream that fails before its first byte is a fault, in its own form', async (t) => {
  const url = await serve(t, (reply) => {
    allowCompression(reply)
    return reply.send(
      new Readable({
        read() {
          this.destroy(new Error('no pieces'))
        },
      }),
    )
  })
  const answer = await ask(url, accept('gzip'))
  assert.equal(answer.status, 500)
  assert.equal(answer.headers['content-encoding'], undefined)
  assert.equal((JSON.parse(answer.bytes.toString()) as { message: string }).message, 'no pieces')
})
