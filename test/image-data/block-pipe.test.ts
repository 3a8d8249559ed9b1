import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BlockPipe } from '../../src/image-data/block-pipe.ts'

const MIB = 1024 * 1024

/** Passes so many MiB through a pipe. @returns the memory that its digests were given */
async function memoryOf(pieces: number): Promise<ReadonlySet<SharedArrayBuffer>> {
  const given = new Set<SharedArrayBuffer>()
  const digest = {
    async update(block: SharedArrayBuffer) {
      given.add(block)
    },
    finish: async () => '',
    drop: () => undefined,
  }
  const pipe = new BlockPipe(async () => undefined, [digest])
  for (let i = 0; i < pieces; i += 1) await pipe.put(Buffer.alloc(MIB, i))
  await pipe.put(Buffer.from('the rest'))
  await pipe.settle()
  pipe.close()
  return given
}

test('an upload uses the memory of those before it, and no other', async () => {
  const first = await memoryOf(3)
  assert.ok(first.size > 0)
  for (let i = 0; i < 5; i += 1) {
    const later = await memoryOf(1)
    assert.ok([...later].every((block) => first.has(block)))
  }
})
