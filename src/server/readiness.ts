import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Asked } from '../api/request/asked.ts'

/** How long an answer counts, however often balancers ask. */
const KEPT_MS = 1000
/** A check that has said nothing by then says that its service does not answer. */
const CHECK_TIMEOUT_MS = 3000

/** One thing that this server needs. */
export interface ReadinessCheck {
  /** Such as `catalogue`, `disk`, `glance`. */
  readonly name: string
  /** @returns why it is missing at the moment, for anybody to read; undefined when it is there. */
  check(): Promise<string | undefined>
}

/** Why a server should get no requests at the moment. */
export interface Unready {
  readonly name: string
  readonly reason: string
}

/**
 * Whether a server should get requests: it is not about to stop, and what it needs is there. Checked
 * when somebody asks, at most once a second.
 */
export class Readiness {
  readonly #checks: readonly ReadinessCheck[]
  readonly #now: () => number
  #isLeaving = false
  #kept: { readonly untilMs: number; readonly reasons: Promise<readonly Unready[]> } | undefined

  /** @param now a clock in milliseconds that only goes forward */
  constructor(checks: readonly ReadinessCheck[] = [], now = () => performance.now()) {
    this.#checks = checks
    this.#now = now
  }

  /** From now on this server asks for no more requests. It answers those that come. */
  leave(): void {
    this.#isLeaving = true
  }

  /** @returns why not, a reason each; empty when the server is ready. */
  async reasons(): Promise<readonly Unready[]> {
    if (this.#isLeaving) return [{ name: 'server', reason: 'it is about to stop' }]
    if (this.#kept === undefined || this.#now() >= this.#kept.untilMs) {
      this.#kept = { untilMs: Number.POSITIVE_INFINITY, reasons: this.#checkAll() }
    }
    return this.#kept.reasons
  }

  async #checkAll(): Promise<readonly Unready[]> {
    const found = await Promise.all(this.#checks.map(unreadyBy))
    const reasons = found.filter((reason) => reason !== undefined)
    // Counted from the end, so that slow checks do not run one after another without a pause.
    this.#kept = { untilMs: this.#now() + KEPT_MS, reasons: Promise.resolve(reasons) }
    return reasons
  }
}

async function unreadyBy({ name, check }: ReadinessCheck): Promise<Unready | undefined> {
  const timeout = Promise.withResolvers<string>()
  const seconds = CHECK_TIMEOUT_MS / 1000
  const timer = setTimeout(
    () => timeout.resolve(`it does not answer within ${seconds} s`),
    CHECK_TIMEOUT_MS,
  )
  try {
    const reason = await Promise.race([check(), timeout.promise])
    return reason === undefined ? undefined : { name, reason }
  } catch {
    return { name, reason: 'it cannot be checked' } // an error's own text may say too much
  } finally {
    clearTimeout(timer)
  }
}

/** Whether this is `GET` or `HEAD /readiness`, which every port answers without a token. */
export function isReadinessCall({ method, raw }: Pick<Asked, 'method' | 'raw'>): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  return raw.url === '/readiness' || raw.url?.startsWith('/readiness?') === true
}

/**
 * 200 `OK`, or 503 with a line for each reason; JSON for those who accept it, in the shape of
 * `/healthcheck`. HEAD has the same status.
 */
export async function answerReadiness(
  readiness: Readiness,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const reasons = await readiness.reasons()
  const isReady = reasons.length === 0
  reply.header('cache-control', 'no-store').code(isReady ? 200 : 503)
  const lines = isReady ? ['OK'] : reasons.map(({ name, reason }) => `${name}: ${reason}`)
  if (request.headers.accept?.includes('application/json')) {
    return reply.type('application/json').send(JSON.stringify({ ready: isReady, reasons: lines }))
  }
  return reply.type('text/plain; charset=UTF-8').send(lines.join('\n'))
}
