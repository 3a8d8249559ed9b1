import type { FileHandle } from 'node:fs/promises'
import { BlockPipe } from './block-pipe.ts'
import type { DigestThread } from './digest-thread.ts'
import { imageDataFault, ofSystemError } from './faults.ts'
import type { SpaceLimits } from './upload-space.ts'

export interface DataLimits extends SpaceLimits {
  /** The largest image. */
  readonly sizeBytesMax: number
}

export interface DigestThreads {
  readonly md5: DigestThread
  readonly sha512: DigestThread
}

export interface Digested {
  readonly sizeBytes: number
  readonly checksum: string
  readonly sha512: string
}

/** Lets it write so many bytes in all; see UploadSpace. */
export type Grant = (neededBytes: number, wantedBytes: number) => Promise<number>

/** How often, in bytes received, the disk is asked what it has left. */
const SPACE_CHECK_BYTES = 64 * 1024 * 1024
/** What an upload of unknown length is granted at a time: others cannot have it meanwhile. */
const GRANT_STEP_BYTES = 16 * 1024 * 1024
/** How many unwritten bytes may wait in the system's memory; the last sync waits for these. */
const SYNC_BYTES = 256 * 1024 * 1024

/**
 * Writes a body into a new file and makes it durable, with its digests taken on the way.
 * @throws ImageDataFault, and what the body throws
 */
export async function receiveInto(
  file: FileHandle,
  body: AsyncIterable<Uint8Array>,
  announcedBytes: number | undefined,
  where: { readonly limits: DataLimits; readonly threads: DigestThreads; readonly grant: Grant },
): Promise<Digested> {
  const { limits, threads } = where
  if ((announcedBytes ?? 0) > limits.sizeBytesMax) throw imageDataFault('data.too_large')
  const grant = (bytes: number) =>
    where.grant(announcedBytes ?? bytes, announcedBytes ?? bytes + GRANT_STEP_BYTES)
  let grantedBytes = await grant(0)
  const syncs = new Syncs(file)
  let sizeBytes = 0
  let checkAt = SPACE_CHECK_BYTES
  const digested = await digestAll(
    threads,
    (bytes, at) => write(file, bytes, at),
    async (pipe) => {
      for await (const piece of body) {
        sizeBytes += piece.length
        if (sizeBytes > limits.sizeBytesMax) throw imageDataFault('data.too_large')
        if (sizeBytes >= checkAt || sizeBytes > grantedBytes) {
          checkAt = sizeBytes + SPACE_CHECK_BYTES
          grantedBytes = await grant(sizeBytes)
          await syncs.whenDue(sizeBytes)
        }
        await pipe.put(piece)
      }
    },
  )
  await syncs.finish()
  return { sizeBytes, ...digested }
}

/** Digests a file's bytes as they are read. */
export async function digestFile(file: FileHandle, threads: DigestThreads): Promise<Digested> {
  let sizeBytes = 0
  const digested = await digestAll(
    threads,
    async () => undefined,
    async (pipe) => {
      const pieces = file.createReadStream({
        start: 0,
        autoClose: false,
        highWaterMark: READ_BYTES,
      })
      for await (const piece of pieces as AsyncIterable<Buffer>) {
        sizeBytes += piece.length
        await pipe.put(piece)
      }
    },
  )
  return { sizeBytes, ...digested }
}

const READ_BYTES = 1024 * 1024

async function digestAll(
  { md5, sha512 }: DigestThreads,
  writeBlock: (bytes: Uint8Array, position: number) => Promise<void>,
  fill: (pipe: BlockPipe) => Promise<void>,
): Promise<{ readonly checksum: string; readonly sha512: string }> {
  const digests = [md5.begin(), sha512.begin()] as const
  const pipe = new BlockPipe(writeBlock, digests)
  try {
    await fill(pipe)
    await pipe.finish()
    const [checksum, hash] = await Promise.all(digests.map((digest) => digest.finish()))
    return { checksum: checksum ?? '', sha512: hash ?? '' }
  } catch (error) {
    await pipe.settle()
    for (const digest of digests) digest.drop()
    throw ofSystemError(error)
  } finally {
    pipe.close()
  }
}

async function write(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let from = 0
  while (from < bytes.length) {
    const { bytesWritten } = await file.write(bytes, from, bytes.length - from, position + from)
    from += bytesWritten
  }
}

/** Syncs the file as it grows, one sync at a time, so that the last one is short. */
class Syncs {
  readonly #file: FileHandle
  #next = SYNC_BYTES
  #last: Promise<unknown> = Promise.resolve()

  constructor(file: FileHandle) {
    this.#file = file
  }

  async whenDue(sizeBytes: number): Promise<void> {
    if (sizeBytes < this.#next) return
    this.#next += SYNC_BYTES
    await this.#last
    this.#last = this.#file.datasync()
    this.#last.catch(() => undefined) // thrown to the next one who waits for it
  }

  async finish(): Promise<void> {
    try {
      await this.#last
      await this.#file.sync()
    } catch (error) {
      throw ofSystemError(error)
    }
  }
}
