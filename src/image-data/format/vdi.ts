import { plausibleSize, type ReadFormat } from './peek.ts'

const HEADER_BYTES = 0x178
const SIGNATURE_AT = 0x40
const SIGNATURE = 0xbeda107f
const SIZE_AT = 0x170

/** Mirrors block/vdi.c of QEMU: everything is little-endian. */
export const readVdi: ReadFormat = async (peek) => {
  const header = await peek(0, HEADER_BYTES)
  if (header.length < SIGNATURE_AT + 4) return undefined
  if (header.readUInt32LE(SIGNATURE_AT) !== SIGNATURE) return undefined
  const isWhole = header.length === HEADER_BYTES
  const size = isWhole ? plausibleSize(header.readBigUInt64LE(SIZE_AT)) : null
  return { format: 'vdi', virtualSizeBytes: size }
}
