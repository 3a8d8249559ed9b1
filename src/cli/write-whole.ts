import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { fileTroubleOf } from '../file-trouble/file-trouble.ts'

/** The output may describe private images or callers, so only its owner may read it. */
const OUTPUT_MODE = 0o600

/** Writes to a temporary file and renames it at the end, so that the file is never incomplete. */
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
