import assert from 'node:assert/strict'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readContents } from '../../src/image-data/format/contents.ts'

const GIB = 2 ** 30

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'afterimage-contents-'))
})
after(() => rm(folder, { recursive: true }))

/** Pieces at their places, in a file of so many bytes. */
async function contentsOf(
  sizeBytes: number,
  pieces: readonly (readonly [number, Buffer])[],
): Promise<unknown> {
  await using file = await open(join(folder, 'file'), 'w+')
  await file.truncate(sizeBytes)
  for (const [at, piece] of pieces) await file.write(piece, 0, piece.length, at)
  return await readContents(file, sizeBytes)
}

function u64(value: bigint, order: 'BE' | 'LE' = 'LE'): Buffer {
  const bytes = Buffer.alloc(8)
  if (order === 'BE') bytes.writeBigUInt64BE(value)
  else bytes.writeBigUInt64LE(value)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

const text = (value: string) => Buffer.from(value, 'latin1')
const TEN_GIB = 10n * BigInt(GIB)

describe('readContents', () => {
  it('takes what has no mark for raw bytes', async () => {
    assert.deepEqual(await contentsOf(5, [[0, text('hello')]]), {
      format: 'raw',
      virtualSizeBytes: 5,
    })
    assert.deepEqual(await contentsOf(0, []), { format: 'raw', virtualSizeBytes: 0 })
  })

  it('reads qcow2', async () => {
    const pieces = [
      [0, text('QFI\xfb')],
      [24, u64(TEN_GIB, 'BE')],
    ] as const
    const expected = { format: 'qcow2', virtualSizeBytes: 10 * GIB }
    assert.deepEqual(await contentsOf(1000, pieces), expected)
  })

  it('reads vdi', async () => {
    const pieces = [
      [0x40, u32(0xbeda107f)],
      [0x170, u64(TEN_GIB)],
    ] as const
    const expected = { format: 'vdi', virtualSizeBytes: 10 * GIB }
    assert.deepEqual(await contentsOf(1000, pieces), expected)
  })

  it('reads vhd by its footer, at the beginning or at the end', async () => {
    for (const at of [0, 4096]) {
      const pieces = [
        [at, text('conectix')],
        [at + 48, u64(TEN_GIB, 'BE')],
      ] as const
      const expected = { format: 'vhd', virtualSizeBytes: 10 * GIB }
      assert.deepEqual(await contentsOf(4096 + 512, pieces), expected)
    }
  })

  it('reads vmdk, sparse or a descriptor', async () => {
    const sparse = [
      [0, text('KDMV')],
      [12, u64(TEN_GIB / 512n)],
    ] as const
    const expected = { format: 'vmdk', virtualSizeBytes: 10 * GIB }
    assert.deepEqual(await contentsOf(1000, sparse), expected)
    const descriptor = '# Disk DescriptorFile\nRW 100 SPARSE "a.vmdk"\nRW 28 FLAT "b" 0\n'
    assert.deepEqual(await contentsOf(descriptor.length, [[0, text(descriptor)]]), {
      format: 'vmdk',
      virtualSizeBytes: 128 * 512,
    })
  })

  it('reads vhdx through its region table and its metadata', async () => {
    const metadataAt = 2 ** 20
    const metadataRegion = Buffer.from('06a27c8b90479a4bb8fe575f050f886e', 'hex')
    const diskSize = Buffer.from('2442a52f1bcd7648b2115dbed83bf4b8', 'hex')
    const pieces = [
      [0, text('vhdxfile')],
      [192 * 1024, Buffer.concat([text('regi'), u32(0), u32(1), u32(0)])],
      [192 * 1024 + 16, Buffer.concat([metadataRegion, u64(BigInt(metadataAt))])],
      [metadataAt, Buffer.concat([text('metadata'), Buffer.from([0, 0, 1, 0])])],
      [metadataAt + 32, Buffer.concat([diskSize, u32(65_536)])],
      [metadataAt + 65_536, u64(TEN_GIB)],
    ] as const
    const expected = { format: 'vhdx', virtualSizeBytes: 10 * GIB }
    assert.deepEqual(await contentsOf(2 * 2 ** 20, pieces), expected)
  })

  it('takes an iso for as large as it is', async () => {
    const contents = await contentsOf(40_000, [[0x8001, text('CD001')]])
    assert.deepEqual(contents, { format: 'iso', virtualSizeBytes: 40_000 })
  })

  it('knows the mark, but no size, of a file that ends in its header', async () => {
    const cut: readonly (readonly [string, number, readonly (readonly [number, Buffer])[]])[] = [
      ['qcow2', 10, [[0, text('QFI\xfb')]]],
      ['vmdk', 10, [[0, text('KDMV')]]],
      ['vdi', 0x44, [[0x40, u32(0xbeda107f)]]],
      ['vhd', 20, [[0, text('conectix')]]],
      ['vhdx', 20, [[0, text('vhdxfile')]]],
    ]
    for (const [format, sizeBytes, pieces] of cut) {
      const expected = { format, virtualSizeBytes: null }
      assert.deepEqual(await contentsOf(sizeBytes, pieces), expected)
    }
  })

  it('believes no size that no disk has', async () => {
    for (const size of [2n ** 63n, 2n ** 64n - 1n, 2n ** 53n]) {
      const pieces = [
        [0, text('QFI\xfb')],
        [24, u64(size, 'BE')],
      ] as const
      const expected = { format: 'qcow2', virtualSizeBytes: null }
      assert.deepEqual(await contentsOf(1000, pieces), expected)
    }
  })

  it('reads no further than a file goes, whatever its tables say', async () => {
    const metadataRegion = Buffer.from('06a27c8b90479a4bb8fe575f050f886e', 'hex')
    const pieces = [
      [0, text('vhdxfile')],
      [192 * 1024, Buffer.concat([text('regi'), u32(0), u32(0xffffffff), u32(0)])],
      [192 * 1024 + 16, Buffer.concat([metadataRegion, u64(2n ** 52n)])],
    ] as const
    const expected = { format: 'vhdx', virtualSizeBytes: null }
    assert.deepEqual(await contentsOf(300 * 1024, pieces), expected)
  })
})
