import { createReadStream } from 'node:fs'
import { addAbortSignal, pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

const CHUNK_BYTES = 256 * 1024

/** A file could not be read. `message` says what is wrong, without the file's name. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
}

const READ_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file: a part of its path is a file itself',
  EMFILE: 'cannot be read: as many files are open as may be; raise the limit (ulimit -n)',
  EIO: 'cannot be read: the disk reports an input/output error; check it',
  EISDIR: 'is a directory; name the files in it',
  EACCES: 'may not be read: permission denied',
  EPERM: 'may not be read: permission denied',
  Z_BUF_ERROR: 'the gzip data ends too early: the file seems to be cut off',
  Z_DATA_ERROR: 'the gzip data is damaged',
}

/**
 * The bytes of a file, or of `stdin` for `-`; unpacked if they are gzip.
 * @throws SourceError, also when `signal` aborts
 */
export async function* readSource(
  file: string,
  stdin: Readable,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void> {
  const source = file === '-' ? stdin : createReadStream(file, { highWaterMark: CHUNK_BYTES })
  if (signal !== undefined) addAbortSignal(signal, source)
  try {
    yield* unpack(source)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new SourceError(READ_FAULTS[code ?? ''] ?? `cannot be read: ${message}`)
  } finally {
    source.destroy()
  }
}

async function* unpack(source: Readable): AsyncGenerator<Buffer, void> {
  const chunks = source.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer, void>
  const head = await readHead(chunks)
  const bytes = prepend(head, chunks)
  if (head[0] !== 0x1f || head[1] !== 0x8b) return yield* bytes
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  pipeline(Readable.from(bytes), gunzip, () => undefined) // an error destroys gunzip: it shows below
  yield* gunzip
}

/** At least two bytes, if there are that many: what tells gzip from JSON. */
async function readHead(chunks: AsyncIterator<Buffer, void>): Promise<Buffer> {
  let head = Buffer.alloc(0)
  while (head.length < 2) {
    const { value, done } = await chunks.next()
    if (done === true) break
    head = Buffer.concat([head, value])
  }
  return head
}

async function* prepend(
  head: Buffer,
  chunks: AsyncIterator<Buffer, void>,
): AsyncGenerator<Buffer, void> {
  if (head.length > 0) yield head
  for (;;) {
    const { value, done } = await chunks.next()
    if (done === true) return
    yield value
  }
}
