import { request } from 'node:http'

export interface Sent {
  readonly method: string
  /** The request target as it goes over the wire. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer
}

export interface Answer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly text: string
}

/**
 * One request over a connection of its own, its target and headers untouched; sent in chunks if
 * they say so. Status 0: closed without a whole answer. @param base scheme, host and port
 */
export function send(base: string, { method, path, headers, body }: Sent): Promise<Answer> {
  const { hostname, port } = new URL(base)
  const isChunked = headers['Transfer-Encoding'] !== undefined
  const length = body === undefined || isChunked ? {} : { 'Content-Length': String(body.length) }
  const closed: Answer = { status: 0, headers: [], text: '' }
  return new Promise((resolve) => {
    const options = { host: hostname, port, method, path, agent: false as const }
    const sent = request({ ...options, headers: { ...headers, ...length } }, async (response) => {
      try {
        const text = await response.setEncoding('utf8').reduce((all, chunk) => all + chunk, '')
        const raw = response.rawHeaders
        const pairs = raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? '']] : []))
        resolve({
          status: response.statusCode ?? 0,
          headers: pairs.map(([name = '', value = '']) => [name, value] as const),
          text,
        })
      } catch {
        resolve(closed)
      }
    })
    sent.on('error', () => resolve(closed))
    sent.end(body)
  })
}

export function headerOf(answer: Answer, name: string): string {
  const found = answer.headers.filter(([n]) => n.toLowerCase() === name)
  return found.map(([, value]) => value).join(', ')
}
