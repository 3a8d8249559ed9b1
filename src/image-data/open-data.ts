import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { OpenData } from './image-files.ts'

/** What is read ahead for each reader, at most. */
const READ_BYTES = 512 * 1024

/** @returns undefined when there is no such file */
export async function openData(path: string): Promise<OpenData | undefined> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const { size } = await file.stat()
    return {
      sizeBytes: size,
      read: (start, end) => readPart(file, start, end),
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

function readPart(file: FileHandle, start: number, end: number): Readable {
  if (end <= start) {
    void file.close()
    return Readable.from([])
  }
  return file.createReadStream({ start, end: end - 1, highWaterMark: READ_BYTES })
}
