import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { readKeyPair } from '../../src/config/key-pair.ts'
import { drain } from '../../src/server/drain.ts'
import { renewKeyPair } from '../../src/server/tls.ts'
import { writeCertificate } from '../tls/make-certificate.ts'
import { assertFault, assertRefused } from './fault.ts'
import { generatedCatalogue, type Tap } from './million.ts'
import {
  IMAGE_ID,
  LIST,
  makeImage,
  mapCatalogue,
  PROJECT,
  request,
  type Settings,
  startServer,
} from './stand.ts'
import { say } from './wire.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-tls-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const old = writeCertificate(dir, 'old')
const next = writeCertificate(dir, 'next')
const SHOW = `/v2.1/${PROJECT}/images/${IMAGE_ID}`

async function startTls(settings: Settings = {}) {
  return startServer({ ...settings, keyPair: readKeyPair(old) })
}

/** A connection whose handshake is done. @throws what the handshake failed with */
async function shakeHands(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', ...options })
  await once(socket, 'secureConnect')
  return socket
}

/** The subject of the certificate that a new connection gets. */
async function servedTo(port: number, ca: string): Promise<unknown> {
  const socket = await shakeHands(port, { ca })
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return subject.CN
}

async function closed(socket: { once(event: 'close', then: () => void): unknown }): Promise<void> {
  await new Promise<void>((resolve) => socket.once('close', resolve))
}

describe('a server with a certificate', () => {
  test('answers over TLS, and its links say https', async (t) => {
    const stand = await startTls()
    t.after(() => stand.close())
    const { answers } = await say(stand.port, request('GET', SHOW), {
      until: 1,
      ca: old.certificate,
    })
    assert.equal(answers[0]?.status, 200)
    const { image } = JSON.parse(answers[0].body)
    const own = image.links.filter(({ rel }: { rel: string }) => rel !== 'alternate')
    assert.ok(own.length > 0)
    for (const { href } of own) assert.match(href, /^https:\/\/cloud\.test\//)
  })

  test('says http in links if a proxy that is trusted says so', async (t) => {
    const stand = await startTls({ trustedProxies: ['127.0.0.1'] })
    t.after(() => stand.close())
    const asked = request('GET', SHOW, { 'X-Forwarded-Proto': 'http' })
    const { answers } = await say(stand.port, asked, { until: 1, ca: old.certificate })
    assert.match(JSON.parse(answers[0]?.body ?? '').image.links[0].href, /^http:/)
  })

  test('speaks TLS 1.2 and 1.3 and nothing older, and HTTP/1.1 alone', async (t) => {
    const stand = await startTls()
    t.after(() => stand.close())
    const ca = old.certificate
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const ALPNProtocols = ['h2', 'http/1.1']
      const socket = await shakeHands(stand.port, { ca, maxVersion, ALPNProtocols })
      assert.equal(socket.getProtocol(), maxVersion)
      assert.equal(socket.alpnProtocol, 'http/1.1')
      socket.destroy()
    }
    const ancient = {
      ca,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL@SECLEVEL=0',
    } as const
    await assert.rejects(shakeHands(stand.port, ancient), /alert protocol version/)
    await assert.rejects(
      shakeHands(stand.port, { ca, ALPNProtocols: ['h2'] }),
      /alert no application protocol/,
    )
  })

  test('tells who speaks plain HTTP so, in plain HTTP and in the shape of the face', async (t) => {
    const log: string[] = []
    const stand = await startTls({ log })
    t.after(() => stand.close())
    const { answers, isClosed } = await say(stand.port, request('GET', LIST))
    assert.ok(isClosed)
    assert.equal(assertFault(answers[0], 400), 'This port speaks TLS: use https.')
    assert.deepEqual(log, [])
  })

  test('closes what is no TLS at all, says nothing of it in the log, and goes on', async (t) => {
    const log: string[] = []
    const stand = await startTls({ log })
    t.after(() => stand.close())
    for (const bytes of ['\0'.repeat(100), '\x16\x03\x01\x00\x05hello', 'SSH-2.0-x\r\n']) {
      const { answers, isClosed } = await say(stand.port, bytes)
      assert.ok(isClosed)
      assert.deepEqual(answers, [])
    }
    // One who trusts nobody ends the handshake from the other side.
    await assert.rejects(shakeHands(stand.port, { ca: next.certificate }), /certificate/)
    const { answers } = await say(stand.port, request('GET', SHOW), {
      until: 1,
      ca: old.certificate,
    })
    assert.equal(answers[0]?.status, 200)
    assert.deepEqual(log, [])
  })

  test('answers one who closes the sending side after the request', async (t) => {
    const get = async () => {
      await sleep(50) // so that the end of what the caller sends is there before the answer
      return makeImage()
    }
    const stand = await startTls({ catalogue: { ...mapCatalogue(), get } })
    t.after(() => stand.close())
    const heard = await say(stand.port, request('GET', SHOW), {
      halfClose: true,
      ca: old.certificate,
    })
    assert.equal(heard.answers[0]?.status, 200)
    assert.ok(heard.isClosed)
  })

  test('refuses what is no HTTP over TLS as it does without', async (t) => {
    const stand = await startTls()
    t.after(() => stand.close())
    assertRefused(await say(stand.port, 'no http\r\n\r\n', { ca: old.certificate }), 400)
  })

  test('refuses a body that is too large, and is heard by one who goes on sending', async (t) => {
    const stand = await startTls()
    t.after(() => stand.close())
    const large = request('POST', `${SHOW}/metadata`, { 'Content-Length': '10000000' })
    const parts = [large, ...Array.from({ length: 100 }, () => 'x'.repeat(50_000))]
    const { answers, isClosed } = await say(stand.port, parts, { ca: old.certificate })
    assertFault(answers[0], 413)
    assert.ok(isClosed)
  })

  test('holds the time limits of requests', async (t) => {
    const limits = { headersTimeoutMs: 100, requestTimeoutMs: 200, timeoutCheckIntervalMs: 20 }
    const stand = await startTls({ limits })
    t.after(() => stand.close())
    const begun = `GET ${LIST} HTTP/1.1\r\nHost: cl`
    assertRefused(await say(stand.port, begun, { ca: old.certificate }), 408)
  })

  test('closes a connection on which nothing moves', async (t) => {
    const stand = await startTls({ limits: { idleTimeoutMs: 100 } })
    t.after(() => stand.close())
    const { isClosed } = await say(stand.port, '', { ca: old.certificate })
    assert.ok(isClosed)
  })

  test('gives up a handshake that is not done in time, also one that goes on byte by byte', async (t) => {
    const stand = await startTls({ limits: { handshakeTimeoutMs: 150 } })
    t.after(() => stand.close())
    for (const isSlow of [false, true]) {
      const socket = connect(stand.port, '127.0.0.1').on('error', () => undefined)
      socket.write(Buffer.from('1603010200010001fc0303', 'hex'))
      const drip = setInterval(() => isSlow && socket.write('\0'), 20)
      await closed(socket)
      clearInterval(drip)
    }
  })

  test('stops at once for connections that ask nothing: before a handshake, after it, after a request', async () => {
    const stand = await startTls()
    const silent = connect(stand.port, '127.0.0.1').on('error', () => undefined)
    await once(silent, 'connect')
    const begun = connect(stand.port, '127.0.0.1').on('error', () => undefined)
    begun.write(Buffer.from('1603010200', 'hex'))
    const shaken = await shakeHands(stand.port, { ca: old.certificate })
    const idle = await shakeHands(stand.port, { ca: old.certificate })
    idle.write(request('GET', SHOW))
    await once(idle, 'data')
    const all = [
      silent,
      begun,
      idle.on('error', () => undefined),
      shaken.on('error', () => undefined).resume(),
    ].map(closed)
    const timer = setTimeout(() => assert.fail('it waits for them'), 8000)
    await drain([stand.app], 60_000)
    clearTimeout(timer)
    await Promise.all(all)
  })
})

test('a server that stops finishes what is asked over TLS, and what is still being asked', async () => {
  const asked = Promise.withResolvers<void>()
  const get = async () => {
    asked.resolve()
    await sleep(200)
    return makeImage()
  }
  const stand = await startTls({ catalogue: { ...mapCatalogue(), get } })
  const begun = await shakeHands(stand.port, { ca: old.certificate })
  const text = request('GET', SHOW)
  begun.write(text.slice(0, 10))
  const inFlight = say(stand.port, text, { ca: old.certificate })
  await asked.promise
  const stopped = drain([stand.app], 60_000)
  await sleep(100)
  begun.write(text.slice(10))
  const [piece] = await once(begun, 'data')
  assert.match(String(piece), /^HTTP\/1\.1 200 OK/)
  assert.equal((await inFlight).answers[0]?.status, 200)
  await stopped
})

describe('a new certificate', () => {
  test('is for new connections; one that is open goes on', async (t) => {
    const stand = await startTls()
    t.after(() => stand.close())
    const open = await shakeHands(stand.port, { ca: old.certificate })
    const ask = async () => {
      open.write(request('GET', SHOW))
      const [piece] = await once(open, 'data')
      return String(piece).split('\r\n', 1)[0]
    }
    assert.equal(await ask(), 'HTTP/1.1 200 OK')
    assert.equal(await servedTo(stand.port, old.certificate), 'old')
    renewKeyPair(stand.app.server, readKeyPair(next))
    assert.equal(await servedTo(stand.port, next.certificate), 'next')
    await assert.rejects(servedTo(stand.port, old.certificate), /certificate/)
    assert.equal(await ask(), 'HTTP/1.1 200 OK')
    open.destroy()
    const ancient = {
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ciphers: 'ALL@SECLEVEL=0',
    } as const
    await assert.rejects(shakeHands(stand.port, { ca: next.certificate, ...ancient }), /version/)
  })

  test('leaves a list that is being streamed whole', async (t) => {
    const tap: Tap = { made: 0, begun: 0, ended: 0 }
    const stand = await startTls({ catalogue: generatedCatalogue(3000, tap) })
    t.after(() => stand.close())
    const heard = say(stand.port, request('GET', LIST), { until: 1, ca: old.certificate })
    while (tap.made === 0) await sleep(1)
    renewKeyPair(stand.app.server, readKeyPair(next))
    const { answers } = await heard
    assert.ok(answers[0]?.isComplete)
    assert.equal(JSON.parse(answers[0].body).images.length, 3000)
  })
})
