import { plausibleSize, type ReadFormat } from './peek.ts'

const MAGIC = Buffer.from('QFI\xfb', 'latin1')
const HEADER_BYTES = 72
const SIZE_AT = 24

/** Mirrors docs/interop/qcow2.txt of QEMU: everything is big-endian. */
export const readQcow2: ReadFormat = async (peek) => {
  const header = await peek(0, HEADER_BYTES)
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
  const isWhole = header.length === HEADER_BYTES
  const size = isWhole ? plausibleSize(header.readBigUInt64BE(SIZE_AT)) : null
  return { format: 'qcow2', virtualSizeBytes: size }
}
