import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Decompressed. */
  readonly body: string
}

const DECODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
}

/** One connection to each server, which stays with one worker. */
export class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  ask(
    method: string,
    url: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<Answer> {
    const length = body === undefined ? {} : { 'content-length': `${Buffer.byteLength(body)}` }
    return new Promise((resolve, reject) => {
      const sent = { method, headers: { ...headers, ...length }, agent: this.#agent }
      const asked = request(url, sent, (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('error', reject)
        response.on('end', () => {
          const bytes = Buffer.concat(pieces)
          const decode = DECODERS[response.headers['content-encoding'] ?? '']
          const isCoded = decode !== undefined && bytes.length > 0
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: (isCoded ? decode(bytes) : bytes).toString(),
          })
        })
      })
      asked.on('error', reject)
      asked.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
