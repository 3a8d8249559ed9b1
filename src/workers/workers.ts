import cluster, { type Worker } from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Counts, CountsOfWorker } from './counts-of-worker.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { closeUntaken } from './untaken-connections.ts'
import { passWholeLines } from './whole-lines.ts'

/** A worker that ends sooner counts as one that cannot run. */
const STEADY_MS = 10_000
/** The wait for the next one then; it doubles with each that follows. */
const FIRST_WAIT_MS = 100
const WAIT_MS_MAX = 30_000
/** So many in a row, while none serves, and no further one is started. */
const EARLY_ENDS_MAX = 5
/** Longer ago than this is not "in a row". */
const ROW_MS = 5 * 60_000

/** A worker that is busy for longer is not waited for. */
const RELOAD_TIMEOUT_MS = 10_000

/** No worker can be kept running. `message` is one line, and says why. */
export class WorkersFailed extends Error {
  override readonly name = 'WorkersFailed'
}

/** What a worker has begun to serve. */
export interface Serving {
  /** Where it listens; the same for all workers. */
  readonly urls: readonly string[]
}

export interface WorkersOptions<Given, Started> {
  readonly count: number
  /** The file that a worker runs; it calls `beWorker`. */
  readonly file: string
  /**
   * What a worker is given.
   * @param place a number from 0 that no other worker has at the time
   * @param known what the first one began to serve, where it has to be opened anew as it was
   */
  given(place: number, known: Started | undefined): Given
  readonly counts: Counts
  /** Writes whole lines of the workers' logs. */
  writeLog(lines: string): void
  /** Tells the operator what becomes of a worker. */
  readonly log: {
    info(details: object, message: string): void
    warn(details: object, message: string): void
  }
  /** A worker that has not ended by then, once told to stop, is killed. */
  readonly stopTimeoutMs: number
}

interface Member<Started> {
  readonly place: number
  readonly worker: Worker
  readonly counts: CountsOfWorker
  started: Started | undefined
  readyAtMs: number | undefined
  /** Why it could not start, in its own words. */
  trouble: string | undefined
  /** Called when it has reloaded, or ended. */
  onReloaded: (() => void) | undefined
  /** Called when it has answered, or ended. */
  onHeard: (() => void) | undefined
}

/**
 * Processes that serve the same ports. This one opens the ports and hands each connection to the
 * next worker that is free; it answers no request itself. A worker that ends is replaced.
 */
export class Workers<Given, Started extends Serving> {
  readonly #options: WorkersOptions<Given, Started>
  readonly #members = new Set<Member<Started>>()
  readonly #waits = new Set<NodeJS.Timeout>()
  readonly #failed = Promise.withResolvers<never>()
  readonly #firstReady = Promise.withResolvers<undefined>()
  readonly #allReady = Promise.withResolvers<readonly Started[]>()
  readonly #allEnded = Promise.withResolvers<undefined>()
  #known: Started | undefined
  #haveAllServed = false
  #isStopping = false
  #stopped: Promise<void> | undefined
  #earlyEnds = 0
  #lastEarlyEndMs = Number.NEGATIVE_INFINITY

  constructor(options: WorkersOptions<Given, Started>) {
    this.#options = options
    this.#failed.promise.catch(() => undefined) // whoever waits for it is told
  }

  /** Rejects when no worker can be kept running any more. @throws WorkersFailed */
  get failed(): Promise<never> {
    return this.#failed.promise
  }

  /**
   * Starts one worker, and the others once it serves: what no worker could do is found out once.
   * @returns what each of them serves, by its place @throws WorkersFailed
   */
  async start(): Promise<readonly Started[]> {
    cluster.schedulingPolicy = cluster.SCHED_RR
    cluster.setupPrimary({
      exec: this.#options.file,
      args: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#fork()
    await Promise.race([this.#firstReady.promise, this.failed])
    for (let i = 1; i < this.#options.count; i += 1) this.#fork()
    return Promise.race([this.#allReady.promise, this.failed])
  }

  /** Gives all workers anew what `given` says now. @returns when they all have it */
  async reload(): Promise<void> {
    const told = [...this.#members].map((member) => {
      const given = this.#options.given(member.place, undefined)
      say(member.worker, { kind: 'reload', given })
      return new Promise<void>((resolve) => {
        member.onReloaded = resolve
      })
    })
    const isLate = Symbol('late')
    const late = sleep(RELOAD_TIMEOUT_MS, isLate, { ref: false })
    if ((await Promise.race([Promise.all(told), late])) === isLate) {
      this.#options.log.warn({}, 'a worker is busy, and takes the new settings later')
    }
  }

  /** Asks all workers that serve whether they still hear. @returns when all have answered */
  async ask(): Promise<void> {
    const serving = [...this.#members].filter(({ readyAtMs }) => readyAtMs !== undefined)
    const asked = serving.map((member) => {
      say<Given>(member.worker, { kind: 'ask' })
      return new Promise<void>((resolve) => {
        member.onHeard = resolve
      })
    })
    await Promise.all(asked)
  }

  /** Lets every worker finish its requests, for a limited time. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll()
    return this.#stopped
  }

  async #stopAll(): Promise<void> {
    this.#isStopping = true
    for (const wait of this.#waits) clearTimeout(wait)
    for (const { worker } of this.#members) say<Given>(worker, { kind: 'stop' })
    const kill = setTimeout(() => {
      for (const { worker } of this.#members) worker.process.kill('SIGKILL')
    }, this.#options.stopTimeoutMs)
    if (this.#members.size > 0) await this.#allEnded.promise
    clearTimeout(kill)
  }

  #fork(): void {
    const worker = cluster.fork()
    closeUntaken(worker.process)
    const counts = new CountsOfWorker(this.#options.counts, (answered) => say(worker, answered))
    const member: Member<Started> = {
      place: this.#freePlace(),
      worker,
      counts,
      started: undefined,
      readyAtMs: undefined,
      trouble: undefined,
      onReloaded: undefined,
      onHeard: undefined,
    }
    this.#members.add(member)
    worker.on('message', (said: FromWorker<Started>) => this.#hear(member, said))
    worker.on('error', (error) => {
      member.trouble ??= error.message
      // One that could not be started at all does not end either.
      if (worker.process.pid === undefined) this.#ended(member, error.message)
    })
    worker.on('exit', (code, signal) => this.#ended(member, signal ?? code))
    const { stderr } = worker.process
    if (stderr !== null) passWholeLines(stderr, this.#options.writeLog)
  }

  #hear(member: Member<Started>, said: FromWorker<Started>): void {
    switch (said.kind) {
      case 'hello':
        this.#begin(member)
        break
      case 'ready':
        this.#ready(member, said.started)
        break
      case 'reloaded':
        member.onReloaded?.()
        break
      case 'here':
        member.onHeard?.()
        break
      case 'failed':
        member.trouble = said.message
        break
      default:
        member.counts.hear(said).catch((error) => this.#failed.reject(error))
    }
  }

  /**
   * A port given as 0 is the same for all workers as long as one of them has it; if none has it any
   * more, it is asked for by its number.
   */
  #begin({ worker, place }: Member<Started>): void {
    const known = this.#serving() === 0 ? this.#known : undefined
    if (this.#isStopping) say<Given>(worker, { kind: 'stop' })
    else say(worker, { kind: 'begin', given: this.#options.given(place, known) })
  }

  #ready(member: Member<Started>, started: Started): void {
    this.#known ??= started
    if (String(started.urls) !== String(this.#known.urls)) {
      member.trouble = `it listened on ${started.urls}, not on ${this.#known.urls}`
      member.worker.process.kill('SIGKILL')
      return
    }
    member.readyAtMs = performance.now()
    this.#options.log.info({ worker: member.worker.process.pid }, 'a worker serves')
    member.started = started
    this.#firstReady.resolve(undefined)
    if (this.#serving() < this.#options.count) return
    this.#haveAllServed = true
    const byPlace = [...this.#members].toSorted((a, b) => a.place - b.place)
    this.#allReady.resolve(byPlace.flatMap((each) => each.started ?? []))
  }

  #ended(member: Member<Started>, how: string | number): void {
    this.#members.delete(member)
    member.counts.close()
    member.onReloaded?.()
    member.onHeard?.()
    if (this.#isStopping) {
      if (this.#members.size === 0) this.#allEnded.resolve(undefined)
      return
    }
    const waitMs = this.#waitMsAfter(member)
    const what = member.trouble ?? `ended with ${how}`
    const hopeless = this.#whyHopeless(member, what)
    if (hopeless !== undefined) {
      this.#failed.reject(new WorkersFailed(hopeless))
      return
    }
    const { pid } = member.worker.process
    this.#options.log.warn(
      { worker: pid, waitMs },
      `a worker is gone (${what}); another one is started`,
    )
    const wait = setTimeout(() => {
      this.#waits.delete(wait)
      this.#fork()
    }, waitMs)
    this.#waits.add(wait)
  }

  /** Why no further worker is started; undefined if one is. */
  #whyHopeless({ trouble }: Member<Started>, what: string): string | undefined {
    if (trouble !== undefined && !this.#haveAllServed) return trouble
    if (this.#earlyEnds < EARLY_ENDS_MAX || this.#serving() > 0) return undefined
    return `${this.#earlyEnds} workers in a row could not go on; the last one: ${what}`
  }

  #waitMsAfter({ readyAtMs }: Member<Started>): number {
    const nowMs = performance.now()
    if (nowMs - this.#lastEarlyEndMs > ROW_MS) this.#earlyEnds = 0
    if (readyAtMs !== undefined && nowMs - readyAtMs >= STEADY_MS) return 0
    this.#earlyEnds += 1
    this.#lastEarlyEndMs = nowMs
    return Math.min(FIRST_WAIT_MS * 2 ** (this.#earlyEnds - 1), WAIT_MS_MAX)
  }

  #freePlace(): number {
    const taken = new Set([...this.#members].map(({ place }) => place))
    let place = 0
    while (taken.has(place)) place += 1
    return place
  }

  #serving(): number {
    return [...this.#members].filter(({ readyAtMs }) => readyAtMs !== undefined).length
  }
}

/** To one that has ended meanwhile, nothing is said. */
function say<Given>(worker: Worker, said: ToWorker<Given>): void {
  if (worker.isConnected()) worker.process.send(said, undefined, {}, () => undefined)
}
