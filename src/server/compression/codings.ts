import type { Transform } from 'node:stream'
import { promisify } from 'node:util'
import {
  brotliCompress,
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzip,
  gzipSync,
  zstdCompress,
  zstdCompressSync,
} from 'node:zlib'

/** Content codings that are made here, by their names in Content-Encoding. */
export type Coding = 'br' | 'gzip' | 'zstd'

/** How one coding is made. */
export interface Encoder {
  /** Holds the event loop up; for small bodies, which another thread would only delay. */
  now(body: Buffer): Buffer
  inAnotherThread(body: Buffer): Promise<Buffer>
  /** Passes on what it is given piece by piece, so that the reader never waits for the end. */
  stream(): Transform
}

/**
 * Fast settings: an answer is compressed for one caller, or for a few until the catalogue changes.
 * On a list of images the best settings would save a tenth more bytes for ten times the work.
 */
const GZIP = { level: 1 }
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
/** 128 KiB, which bounds the memory of a slow stream; it is as much as one piece of a list. */
const ZSTD_STREAM = { params: { ...ZSTD.params, [constants.ZSTD_c_windowLog]: 17 } }
const BROTLI = {
  params: {
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_QUALITY]: 3,
    [constants.BROTLI_PARAM_LGWIN]: 18, // 256 KiB, which also bounds the memory of a slow stream
  },
}

const inGzip = promisify<Buffer, typeof GZIP, Buffer>(gzip)
const inZstd = promisify<Buffer, typeof ZSTD, Buffer>(zstdCompress)
const inBrotli = promisify<Buffer, typeof BROTLI, Buffer>(brotliCompress)

export const ENCODERS: Readonly<Record<Coding, Encoder>> = {
  gzip: {
    now: (body) => gzipSync(body, GZIP),
    inAnotherThread: (body) => inGzip(body, GZIP),
    stream: () => createGzip({ ...GZIP, flush: constants.Z_SYNC_FLUSH }),
  },
  zstd: {
    now: (body) => zstdCompressSync(body, ZSTD),
    inAnotherThread: (body) => inZstd(body, ZSTD),
    stream: () => createZstdCompress({ ...ZSTD_STREAM, flush: constants.ZSTD_e_flush }),
  },
  br: {
    now: (body) => brotliCompressSync(body, BROTLI),
    inAnotherThread: (body) => inBrotli(body, BROTLI),
    stream: () => createBrotliCompress({ ...BROTLI, flush: constants.BROTLI_OPERATION_FLUSH }),
  },
}
