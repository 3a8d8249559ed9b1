import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { fileTroubleOf } from '../file-trouble/file-trouble.ts'

/** What is written may be about private images, or about who calls: it is for its owner. */
const OUTPUT_MODE = 0o600

/** Writes beside the file and puts it in place at the end, so that it is never a part. */
export async function writeWhole<T>(
  file: string,
  write: (sink: Writable) => Promise<T>,
): Promise<T> {
  const part = `${file}.${process.pid}.part`
  try {
    const result = await write(createWriteStream(part, { mode: OUTPUT_MODE, flush: true }))
    await rename(part, file)
    return result
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined)
    throw fileTroubleOf(error, file) ?? error
  }
}
