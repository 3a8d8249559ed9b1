import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logFormat, openLog } from '../../src/cli/log.ts'
import { printLogLines } from '../../src/cli/log-text.ts'
import { Sink } from './harness.ts'

const LOG = { level: 'info', format: undefined, requests: true, slowMs: 0 } as const

test('a log is text on a terminal and JSON elsewhere, unless it is asked for', () => {
  assert.equal(logFormat(LOG, { isTTY: true }), 'text')
  assert.equal(logFormat(LOG, { isTTY: false }), 'json')
  assert.equal(logFormat({ ...LOG, format: 'json' }, { isTTY: true }), 'json')
  assert.equal(logFormat({ ...LOG, format: 'text' }, { isTTY: false }), 'text')
})

test('a warning is written at once, with what was said before it', async () => {
  const stderr = new Sink()
  const logger = await openLog({ log: LOG }, stderr)
  logger.info('one')
  assert.equal(stderr.text, '')
  logger.warn('two')
  const said = stderr.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).msg)
  assert.deepEqual(said, ['one', 'two'])
})

test('what is not urgent is written a moment later, in order', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const stderr = new Sink()
  const logger = await openLog({ log: LOG }, stderr)
  for (const n of [1, 2, 3]) logger.info({ n }, 'line')
  t.mock.timers.tick(100)
  const said = stderr.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).n)
  assert.deepEqual(said, [1, 2, 3])
})

test('a line for people has the time, the level, the message and its fields', () => {
  const line = {
    level: 30,
    time: 0,
    pid: 1,
    hostname: 'h',
    msg: 'request',
    status: 200,
    path: '/v2',
  }
  assert.equal(
    printLogLines(`${JSON.stringify(line)}\n`),
    '00:00:00.000 INFO  request status=200 path=/v2\n',
  )
  const odd = {
    level: 50,
    time: 0,
    msg: 'a\u001b[2J',
    name: 'x y',
    err: { message: 'm', stack: 'E: m\n  at' },
  }
  assert.equal(
    printLogLines(JSON.stringify(odd)),
    '00:00:00.000 ERROR a\\u001b[2J name="x y"\nE: m\n  at\n',
  )
})
