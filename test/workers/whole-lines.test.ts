import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { passWholeLines } from '../../src/workers/whole-lines.ts'

test('lines are passed on whole, however they arrive, and the last one ends too', async () => {
  const from = new PassThrough()
  const written: string[] = []
  passWholeLines(from, (lines) => written.push(lines))
  const bytes = Buffer.from('one\ntwo\nthrée\nfo')
  const middle = bytes.indexOf(0xc3) + 1 // within the two bytes of a letter
  for (const piece of [bytes.subarray(0, 2), bytes.subarray(2, middle), bytes.subarray(middle)]) {
    from.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  from.end('ur')
  await once(from, 'end')
  assert.deepEqual(written, ['one\ntwo\n', 'thrée\n', 'four\n'])
})
