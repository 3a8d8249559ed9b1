import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { DigestThread } from '../../src/image-data/digest-thread.ts'

test('a thread that breaks fails those who wait for it, and nobody who comes after', async (t) => {
  const thread = new DigestThread('sha512')
  t.after(() => thread.close())
  const block = new SharedArrayBuffer(8)
  const broken = thread.begin()
  const beyondTheBlock = broken.update(block, block.byteLength + 1)
  const alsoWaits = broken.finish()
  await assert.rejects(beyondTheBlock, RangeError)
  const next = thread.begin()
  const all = Promise.all([next.update(block, 8), next.finish()])
  await assert.rejects(alsoWaits, RangeError)
  await assert.rejects(broken.update(block, 8), RangeError)
  const [, digest] = await all
  assert.equal(digest, createHash('sha512').update(new Uint8Array(8)).digest('hex'))
})
