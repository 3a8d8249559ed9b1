import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { pino } from 'pino'
import { type DeprecationPolicy, NO_POLICY } from '../../src/deprecation/policy.ts'
import { parseWindow } from '../../src/deprecation/window.ts'
import { logBrownouts } from '../../src/server/end-of-calls.ts'

const MINUTE_MS = 60_000

function collect(): { readonly logger: pino.Logger; readonly messages: string[] } {
  const messages: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      messages.push((JSON.parse(String(chunk)) as { msg: string }).msg)
      done()
    },
  })
  return { logger: pino(stream), messages }
}

function brownout(text: string): DeprecationPolicy {
  const window = parseWindow(text)
  assert.ok(window !== undefined)
  return { ...NO_POLICY, brownouts: [window] }
}

test('the log says when a brownout begins and when it ends', (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: Date.parse('2026-12-01T09:59:00Z') })
  const { logger, messages } = collect()
  const { stop } = logBrownouts(brownout('Tue 10:00-10:15 UTC'), logger)
  assert.deepEqual(messages, [])
  t.mock.timers.tick(MINUTE_MS)
  assert.deepEqual(messages, ['the image calls are refused with 410 from now on'])
  t.mock.timers.tick(15 * MINUTE_MS)
  assert.equal(messages.at(-1), 'the image calls are served again from now on')
  stop()
  t.mock.timers.tick(8 * 24 * 60 * MINUTE_MS)
  assert.equal(messages.length, 2)
})

test('a start in the middle of a brownout says so', (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: Date.parse('2026-12-01T10:05:00Z') })
  const { logger, messages } = collect()
  logBrownouts(brownout('daily 10:00-10:15 UTC'), logger).stop()
  assert.equal(messages.length, 1)
})

test('another policy is followed at once, and the first one no more', (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: Date.parse('2026-12-01T10:05:00Z') })
  const { logger, messages } = collect()
  const log = logBrownouts(brownout('daily 10:00-10:15 UTC'), logger)
  log.follow(brownout('daily 11:00-11:15 UTC'))
  assert.deepEqual(messages.slice(1), ['the image calls are served again from now on'])
  t.mock.timers.tick(30 * MINUTE_MS)
  assert.equal(messages.length, 2)
  t.mock.timers.tick(30 * MINUTE_MS)
  assert.deepEqual(messages.slice(2), ['the image calls are refused with 410 from now on'])
  log.stop()
})
