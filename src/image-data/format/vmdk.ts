import { type Peek, plausibleSize, type ReadFormat } from './peek.ts'

const SECTOR_BYTES = 512
const MAGIC = 'KDMV'
const CAPACITY_AT = 12
const DESCRIPTOR = '# Disk DescriptorFile'
/** QEMU, too, reads no more of a descriptor (block/vmdk.c). */
const DESCRIPTOR_BYTES_MAX = 64 * 1024
const EXTENT = /^(?:RW|RDONLY|NOACCESS) ([0-9]{1,18}) [A-Z]+/gm

/** A sparse extent says how many sectors it holds; a descriptor alone says it of each extent. */
export const readVmdk: ReadFormat = async (peek) => {
  const header = await peek(0, SECTOR_BYTES)
  if (header.toString('latin1', 0, MAGIC.length) === MAGIC) {
    const isWhole = header.length === SECTOR_BYTES
    const sectors = isWhole ? header.readBigUInt64LE(CAPACITY_AT) : -1n
    return { format: 'vmdk', virtualSizeBytes: sizeOf(sectors) }
  }
  if (header.toString('latin1', 0, DESCRIPTOR.length) !== DESCRIPTOR) return undefined
  return { format: 'vmdk', virtualSizeBytes: await sizeOfExtents(peek) }
}

async function sizeOfExtents(peek: Peek): Promise<number | null> {
  const text = (await peek(0, DESCRIPTOR_BYTES_MAX)).toString('latin1')
  const sectors = [...text.matchAll(EXTENT)].map(([, count = '0']) => BigInt(count))
  if (sectors.length === 0) return null
  return sizeOf(sectors.reduce((sum, count) => sum + count, 0n))
}

function sizeOf(sectors: bigint): number | null {
  return plausibleSize(sectors * BigInt(SECTOR_BYTES))
}
