import { fork } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { Order, RecordedAnswer } from './bare-server.ts'

/** The bare server, in a process of its own. */
export interface Bare extends AsyncDisposable {
  readonly pid: number
  readonly url: string
  /** Remembers a set of answers under a name. */
  keep(name: string, answers: readonly RecordedAnswer[]): Promise<void>
  /** Sends that set from now on. */
  send(name: string): Promise<void>
  /** Forgets all sets. */
  forget(): Promise<void>
}

export async function startBare(): Promise<Bare> {
  const file = new URL('bare-server.ts', import.meta.url)
  const child = fork(file, { serialization: 'advanced' })
  const ended = once(child, 'exit')
  const [url] = await once(child, 'message')
  const tell = async (order: Order) => {
    const done = once(child, 'message')
    child.send(order)
    await done
  }
  return {
    pid: child.pid ?? 0,
    url,
    keep: async (name, answers) => {
      await tell({ kind: 'keep', name, answers })
      await tell({ kind: 'send', name })
      const [expected] = answers
      const found = expected && (await record(url, '/', {}, expected.status))
      if (expected === undefined || found === undefined || !sameAnswer(found, expected)) {
        throw new Error('the bare server does not send the same bytes')
      }
    },
    send: (name) => tell({ kind: 'send', name }),
    forget: () => tell({ kind: 'forget' }),
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}

/** Headers that node:http adds itself, with values of its own. */
const ADDED: ReadonlySet<string> = new Set(['date', 'connection', 'keep-alive'])

/** One answer as it was received. @throws Error if it has another status */
export async function record(
  url: string,
  path: string,
  sent: Readonly<Record<string, string>>,
  status: number,
): Promise<RecordedAnswer> {
  const asked = request(url + path, { headers: sent }).end()
  const [response] = await once(asked, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  if (response.statusCode !== status) throw new Error(`${path}: ${response.statusCode} ${body}`)
  const raw: string[] = response.rawHeaders
  const headers = raw.flatMap((name, i) =>
    i % 2 === 0 && !ADDED.has(name.toLowerCase()) ? [name, raw[i + 1] ?? ''] : [],
  )
  return { status, headers, body }
}

function sameAnswer(a: RecordedAnswer, b: RecordedAnswer): boolean {
  return (
    a.status === b.status &&
    isDeepStrictEqual(a.headers, b.headers) &&
    Buffer.compare(a.body, b.body) === 0
  )
}
