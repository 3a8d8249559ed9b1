import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { request as requestTls, Agent as TlsAgent } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Result, Tally } from './tally.ts'

/** A request without a whole answer after that has none: nothing that is asked takes so long. */
const NO_ANSWER_MS = 60_000
/** Then a new connection: workers that were started since get their part, and new certificates. */
const REQUESTS_PER_CONNECTION = 25
/** Who is told to come back later does so, or was cut; sooner than asked, to keep the service busy. */
const FAILED_PAUSE_MS = 50
const DETAIL_CHARACTERS = 300

export interface Ask {
  readonly kind: string
  readonly url: string
  readonly method?: string
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
  /** At most so fast, for so long; then as fast as it comes. */
  readonly slow?: { readonly bytesPerSecond: number; readonly forMs: number }
  /** Hangs up after so long, whatever has come by then. */
  readonly leaveAfterMs?: number
  /** Says of a whole answer of 200 what is wrong with it. */
  readonly judge?: (answer: Answer) => string | undefined
}

export interface Answer {
  readonly result: Result
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly detail: string
}

/** A caller with one connection at a time. Every request is counted when it ends. */
export class Caller {
  readonly #tally: Tally
  #agents: readonly [Agent, TlsAgent] = newAgents()
  #asked = 0

  constructor(tally: Tally) {
    this.#tally = tally
  }

  async ask(ask: Ask): Promise<Answer> {
    if (this.#asked >= REQUESTS_PER_CONNECTION) this.close()
    this.#asked += 1
    const startMs = performance.now()
    const raw = await send(ask, this.#agents)
    const answer = judged(ask, raw)
    const { result } = answer
    const said = `${ask.method ?? 'GET'} ${ask.url} ${answer.detail}`.slice(0, DETAIL_CHARACTERS)
    this.#tally.add({ kind: ask.kind, result, detail: said, startMs, endMs: performance.now() })
    if (typeof result !== 'number' || result >= 400) this.close()
    if (result === 429 || result === 503 || result === 'cut') await sleep(FAILED_PAUSE_MS)
    return answer
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy()
    this.#agents = newAgents()
    this.#asked = 0
  }
}

function newAgents(): readonly [Agent, TlsAgent] {
  const options = { keepAlive: true, maxSockets: 1 }
  return [new Agent(options), new TlsAgent(options)]
}

/** What the Compute API calls them. */
const FAULTS: Readonly<Record<number, string>> = {
  502: 'badGateway',
  503: 'serviceUnavailable',
  504: 'gatewayTimeout',
}

function judged(ask: Ask, answer: Answer): Answer {
  const { result, body } = answer
  if (typeof result !== 'number') return answer
  const detail = result < 400 ? answer.detail : body.toString()
  try {
    const why = whyWrong(ask, answer, result)
    if (why === undefined) return { ...answer, detail }
    return { ...answer, result: 'wrong', detail: `${result}, ${why}: ${detail}` }
  } catch (error) {
    return { ...answer, result: 'wrong', detail: `${result}, ${error}: ${detail}` }
  }
}

function whyWrong({ judge }: Ask, answer: Answer, status: number): string | undefined {
  const { headers, body } = answer
  if ((status === 429 || status === 503) && headers['retry-after'] === undefined) {
    return 'without Retry-After'
  }
  const fault = FAULTS[status]
  if (fault !== undefined && JSON.parse(`${body}`)[fault]?.code !== status) return `no ${fault}`
  return status === 200 ? judge?.(answer) : undefined
}

const EMPTY: Buffer = Buffer.alloc(0)

function send(ask: Ask, [agent, tlsAgent]: readonly [Agent, TlsAgent]): Promise<Answer> {
  const { url, method = 'GET', token, body, slow, leaveAfterMs } = ask
  const headers = {
    ...(token === undefined ? {} : { 'x-auth-token': token }),
    ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    ...ask.headers,
  }
  return new Promise((resolve) => {
    const end = (
      result: Result,
      detail: string,
      response?: IncomingMessage,
      whole: Buffer = EMPTY,
    ) => {
      clearTimeout(deadline)
      clearTimeout(leaving)
      resolve({ result, detail, headers: response?.headers ?? {}, body: whole })
      if (typeof result !== 'number') asked.destroy()
    }
    const heard = async (response: IncomingMessage) => {
      try {
        end(response.statusCode ?? 0, '', response, await bodyOf(response, slow))
      } catch (error) {
        end('cut', `within the answer ${response.statusCode}: ${error}`, response)
      }
    }
    const asked = url.startsWith('https:')
      ? requestTls(url, { method, headers, agent: tlsAgent }, heard)
      : request(url, { method, headers, agent }, heard)
    // After a whole answer it says nothing more: a promise is settled once.
    asked.on('error', (error) => end('cut', `before the answer: ${error.message}`))
    const deadline = setTimeout(end, NO_ANSWER_MS + (slow?.forMs ?? 0), 'none', 'no answer')
    const leaving =
      leaveAfterMs === undefined ? undefined : setTimeout(end, leaveAfterMs, 'left', '')
    asked.end(body)
  })
}

async function bodyOf(response: IncomingMessage, slow: Ask['slow']): Promise<Buffer> {
  const chunks: Buffer[] = []
  const untilMs = performance.now() + (slow?.forMs ?? 0)
  for await (const chunk of response) {
    chunks.push(chunk as Buffer)
    if (slow === undefined || performance.now() >= untilMs) continue
    await sleep(((chunk as Buffer).length / slow.bytesPerSecond) * 1000)
  }
  return Buffer.concat(chunks)
}
