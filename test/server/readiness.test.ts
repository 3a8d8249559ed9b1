import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Readiness } from '../../src/server/readiness.ts'
import { catalogueCheck, diskCheck } from '../../src/server/readiness-checks.ts'
import { startStand } from '../cloud/stand.ts'
import { startRunning } from './running.ts'
import { startServer } from './stand.ts'

test('a server with what it needs is ready: 200, for people and as JSON', async (t) => {
  const { port, close } = await startServer()
  t.after(close)
  const url = `http://127.0.0.1:${port}/readiness`
  const plain = await fetch(url)
  assert.deepEqual([plain.status, await plain.text()], [200, 'OK'])
  assert.equal(plain.headers.get('cache-control'), 'no-store')
  const json = await fetch(`${url}?x`, { headers: { accept: 'application/json' } })
  assert.deepEqual(await json.json(), { ready: true, reasons: ['OK'] })
  const head = await fetch(url, { method: 'HEAD' })
  assert.deepEqual([head.status, await head.text()], [200, ''])
  assert.equal((await fetch(url, { method: 'POST' })).status, 300) // as any path
})

test('each reason is a line, and no error’s own text is shown', async (t) => {
  const readiness = new Readiness([
    { name: 'fine', check: async () => undefined },
    { name: 'disk', check: async () => 'it is full' },
    { name: 'odd', check: () => Promise.reject(new Error('/secret/path')) },
  ])
  const { port, close } = await startServer({ readiness })
  t.after(close)
  const url = `http://127.0.0.1:${port}/readiness`
  const plain = await fetch(url)
  const lines = ['disk: it is full', 'odd: it cannot be checked']
  assert.deepEqual([plain.status, (await plain.text()).split('\n')], [503, lines])
  const json = await fetch(url, { headers: { accept: 'application/json' } })
  assert.deepEqual([json.status, await json.json()], [503, { ready: false, reasons: lines }])
})

test('checks run at most once a second, however many ask', async () => {
  let nowMs = 0
  let checks = 0
  const check = async () => {
    checks += 1
    return checks === 1 ? 'not yet' : undefined
  }
  const readiness = new Readiness([{ name: 'it', check }], () => nowMs)
  const all = await Promise.all([readiness.reasons(), readiness.reasons()])
  nowMs = 999
  assert.deepEqual(await readiness.reasons(), [{ name: 'it', reason: 'not yet' }])
  assert.deepEqual([all[0], checks], [all[1], 1])
  nowMs = 1000
  assert.deepEqual(await readiness.reasons(), [])
  assert.equal(checks, 2)
})

test('a check that says nothing for three seconds is a reason', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const readiness = new Readiness([{ name: 'it', check: () => new Promise(() => undefined) }])
  const reasons = readiness.reasons()
  t.mock.timers.tick(3000)
  assert.deepEqual(await reasons, [{ name: 'it', reason: 'it does not answer within 3 s' }])
})

test('a catalogue that keeps no changes, and a disk below its floor, are reasons', async () => {
  const trouble = { code: 'ENOSPC', path: '/x', message: 'full' } as never
  const failing = catalogueCheck(() => ({ trouble, sinceMs: 0 }))
  assert.equal(await failing.check(), 'changes cannot be kept; reading goes on')
  assert.equal(await catalogueCheck(() => undefined).check(), undefined)
  assert.equal(await diskCheck(tmpdir(), 0).check(), undefined)
  assert.match((await diskCheck(tmpdir(), 2 ** 60).check()) ?? '', /^less than \d+ bytes are free/)
})

test('on its own catalogue every port says so, and says first that it is about to stop', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'afterimage-readiness-'))
  const { running, token, project } = await startRunning(data)
  t.after(async () => {
    await running.close()
    rmSync(data, { recursive: true })
  })
  const ask = async () =>
    Promise.all(
      Object.values(running.urls).map(async (url) => (await fetch(`${url}/readiness`)).status),
    )
  assert.deepEqual(await ask(), [200, 200, 200])
  await running.leave()
  assert.deepEqual(await ask(), [503, 503, 503])
  const { compute } = running.urls
  assert.equal(await (await fetch(`${compute}/readiness`)).text(), 'server: it is about to stop')
  assert.equal((await fetch(`${compute}/healthcheck`)).status, 200)
  const headers = { 'x-auth-token': token }
  assert.equal((await fetch(`${compute}/v2.1/${project}/images`, { headers })).status, 200)
})

test('in front of a Glance it says which service does not answer', async (t) => {
  await using stand = await startStand(t)
  const ready = await stand.ask('/readiness')
  assert.deepEqual([ready.status, ready.text], [200, 'OK'])
  await using other = await startStand(t)
  await other.glance.stop()
  const unready = await other.ask('/readiness')
  assert.deepEqual([unready.status, unready.text], [503, 'Glance: no answer'])
  assert.equal((await other.ask('/healthcheck')).status, 200)
})
