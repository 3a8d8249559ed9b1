import { type Peek, plausibleSize, type ReadFormat } from './peek.ts'

const SIGNATURE = 'vhdxfile'
const REGION_TABLES_AT = [192 * 1024, 256 * 1024] as const
const TABLE_BYTES = 64 * 1024
const REGION_ENTRIES_MAX = 2047
const METADATA_REGION = guid('8b7ca206-4790-4b9a-b8fe-575f050f886e')
const METADATA_ENTRIES_MAX = 2047
const VIRTUAL_DISK_SIZE = guid('2fa54224-cd1b-4876-b211-5dbed83bf4b8')
const ENTRY_BYTES = 32

/** Mirrors the VHDX Format Specification, 2.2.3 (region table) and 2.6 (metadata): little-endian. */
export const readVhdx: ReadFormat = async (peek) => {
  const signature = await peek(0, SIGNATURE.length)
  if (signature.toString('latin1') !== SIGNATURE) return undefined
  for (const at of REGION_TABLES_AT) {
    const metadataAt = await findRegion(peek, at)
    if (metadataAt === undefined) continue
    const size = await readSize(peek, metadataAt)
    if (size !== undefined) return { format: 'vhdx', virtualSizeBytes: size }
  }
  return { format: 'vhdx', virtualSizeBytes: null }
}

/** Where the metadata region begins. Entry: GUID, offset of 8 bytes, length of 4, flags of 4. */
async function findRegion(peek: Peek, at: number): Promise<number | undefined> {
  const table = await peek(at, TABLE_BYTES)
  if (table.length < 16 || table.toString('latin1', 0, 4) !== 'regi') return undefined
  const count = Math.min(table.readUInt32LE(8), REGION_ENTRIES_MAX)
  const entry = findEntry(table.subarray(16), count, METADATA_REGION)
  return entry && (plausibleSize(entry.readBigUInt64LE(16)) ?? undefined)
}

/** Entry: GUID, offset (within the region) of 4 bytes, length of 4, flags of 4, reserved. */
async function readSize(peek: Peek, metadataAt: number): Promise<number | undefined> {
  const table = await peek(metadataAt, TABLE_BYTES)
  if (table.length < ENTRY_BYTES || table.toString('latin1', 0, 8) !== 'metadata') return undefined
  const count = Math.min(table.readUInt16LE(10), METADATA_ENTRIES_MAX)
  const entry = findEntry(table.subarray(ENTRY_BYTES), count, VIRTUAL_DISK_SIZE)
  if (entry === undefined) return undefined
  const item = await peek(metadataAt + entry.readUInt32LE(16), 8)
  return item.length < 8 ? undefined : (plausibleSize(item.readBigUInt64LE()) ?? undefined)
}

function findEntry(entries: Buffer, count: number, wanted: Buffer): Buffer | undefined {
  const there = Math.min(count, Math.floor(entries.length / ENTRY_BYTES))
  for (let i = 0; i < there; i += 1) {
    const entry = entries.subarray(i * ENTRY_BYTES, (i + 1) * ENTRY_BYTES)
    if (entry.subarray(0, wanted.length).equals(wanted)) return entry
  }
  return undefined
}

/** As it stands in a file: the first three groups are little-endian numbers. */
function guid(text: string): Buffer {
  const [a = '', b = '', c = '', ...rest] = text.split('-')
  const little = [a, b, c].map((group) => Buffer.from(group, 'hex').reverse())
  return Buffer.concat([...little, Buffer.from(rest.join(''), 'hex')])
}
