import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createZstdDecompress,
  gunzipSync,
  zstdDecompressSync,
} from 'node:zlib'

/** A client that decodes nothing, so that tests see what was sent. */

export const CODINGS = ['br', 'zstd', 'gzip'] as const
export type Coding = (typeof CODINGS)[number]

export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface Bytes {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** As they came over the wire, chunks joined. */
  readonly bytes: Buffer
}

/** Begins a request. @returns its answer once the headers are there. */
export function open(url: string, { method = 'GET', headers = {}, body }: Sent = {}) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const options = { method, agent: false, headers: { ...length, ...headers } }
    request(url, options, resolve).on('error', reject).end(body)
  })
}

export async function ask(url: string, sent: Sent = {}): Promise<Bytes> {
  const response = await open(url, sent)
  const bytes = await buffer(response)
  return { status: response.statusCode ?? 0, headers: response.headers, bytes }
}

const DECODE: Readonly<Record<Coding, (bytes: Buffer) => Buffer>> = {
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
  gzip: gunzipSync,
}

/** What the answer says when read with its Content-Encoding. */
export function decoded({ headers, bytes }: Pick<Bytes, 'headers' | 'bytes'>): Buffer {
  const coding = headers['content-encoding']
  return coding === undefined ? bytes : DECODE[coding as Coding](bytes)
}

export function decoder(coding: Coding) {
  if (coding === 'gzip') return createGunzip()
  return coding === 'br' ? createBrotliDecompress() : createZstdDecompress()
}
