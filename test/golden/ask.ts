import { request } from 'node:http'
import type { Answer } from './compare.ts'

export interface Ask {
  readonly port: number
  readonly method: string
  /** The request target as it goes over the wire. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer
}

/** One request over a socket, its target and headers untouched. Status 0: closed without an answer. */
export function ask({ port, method, path, headers, body }: Ask): Promise<Answer> {
  // Node sends no length with the body of a GET, which would then not be one.
  const length = body === undefined ? {} : { 'Content-Length': String(body.length) }
  return new Promise((resolve) => {
    const sent = request(
      { host: '127.0.0.1', port, method, path, headers: { ...headers, ...length }, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: Object.fromEntries(
              Object.entries(response.headersDistinct).map(([k, v]) => [k, v?.join(', ') ?? '']),
            ),
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        )
        response.on('error', () => resolve({ status: 0, headers: {}, text: '' }))
      },
    )
    // A refusal may come while the body is still being written.
    sent.on('error', () => resolve({ status: 0, headers: {}, text: '' }))
    sent.end(body)
  })
}
