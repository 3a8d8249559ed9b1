import { plausibleSize, type ReadFormat } from './peek.ts'

const COOKIE = 'conectix'
const FOOTER_BYTES = 512
const SIZE_AT = 48

/**
 * The footer stands at the end, and its copy at the beginning of a dynamic disk. Mirrors
 * block/vpc.c of QEMU: everything is big-endian.
 */
export const readVhd: ReadFormat = async (peek, sizeBytes) => {
  for (const offset of [0, sizeBytes - FOOTER_BYTES]) {
    if (offset < 0) continue
    const footer = await peek(offset, FOOTER_BYTES)
    if (footer.toString('latin1', 0, COOKIE.length) !== COOKIE) continue
    const isWhole = footer.length === FOOTER_BYTES
    const size = isWhole ? plausibleSize(footer.readBigUInt64BE(SIZE_AT)) : null
    return { format: 'vhd', virtualSizeBytes: size }
  }
  return undefined
}
