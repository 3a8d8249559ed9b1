import type { FileHandle } from 'node:fs/promises'
import type { Contents } from '../image-files.ts'
import { readIso } from './iso.ts'
import type { Peek, ReadFormat } from './peek.ts'
import { readQcow2 } from './qcow2.ts'
import { readVdi } from './vdi.ts'
import { readVhd } from './vhd.ts'
import { readVhdx } from './vhdx.ts'
import { readVmdk } from './vmdk.ts'

/** Each knows its own mark; no file bears two of them at its beginning. */
const FORMATS: readonly ReadFormat[] = [readQcow2, readVmdk, readVdi, readVhdx, readVhd, readIso]

/** Recognises a file's format. Its headers are untrusted: every number in them is bounded. */
export async function readContents(file: FileHandle, sizeBytes: number): Promise<Contents> {
  const peek: Peek = async (offset, bytes) => {
    const length = Math.max(0, Math.min(bytes, sizeBytes - offset))
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
    return buffer.subarray(0, bytesRead)
  }
  for (const read of FORMATS) {
    const contents = await read(peek, sizeBytes)
    if (contents !== undefined) return contents
  }
  return { format: 'raw', virtualSizeBytes: sizeBytes }
}
