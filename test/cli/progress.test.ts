import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { Progress } from '../../src/cli/progress.ts'
import { Sink } from './harness.ts'

let nowMs = 0
beforeEach(() => {
  nowMs = 1_000
  mock.method(performance, 'now', () => nowMs)
})
afterEach(() => mock.restoreAll())

function progressOn(isTTY: boolean) {
  const stderr = Object.assign(new Sink(), { isTTY, columns: 20 })
  return { stderr, progress: new Progress({ stderr }) }
}

describe('progress', () => {
  it('redraws one line on a terminal, no wider than it, and takes it away at the end', () => {
    const { stderr, progress } = progressOn(true)
    for (const text of ['one', 'two', 'a line that is wider than the terminal']) {
      nowMs += 250
      progress.show(() => text)
    }
    progress.clear()
    const erase = '\r\u001b[2K'
    assert.equal(stderr.text, `${erase}one${erase}two${erase}a line that is wide${erase}`)
  })

  it('writes whole lines elsewhere, seconds apart', () => {
    const { stderr, progress } = progressOn(false)
    for (let second = 1; second <= 11; second += 1) {
      nowMs += 1_000
      progress.show(() => `after ${second} s`)
    }
    progress.clear()
    assert.equal(stderr.text, 'after 5 s\nafter 10 s\n')
  })

  it('does not make a text that is not shown', () => {
    const { progress } = progressOn(true)
    progress.show(() => assert.fail('too early'))
  })
})
