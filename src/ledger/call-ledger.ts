import { clientProgramOf } from '../callers/client-family.ts'
import { type CallerKey, type CallerRow, MERGED } from './caller-row.ts'
import { filterBits, filterNames } from './filters.ts'
import { type Addition, dayOf, isBusy, type LedgerFile, type LedgerQuery } from './ledger-file.ts'

/** The caller. Counting is cheap if the same token always gives the same object. */
export interface NotedCaller {
  readonly projectId: string | null
  readonly userId: string
  readonly userName?: string
}

/** A call about images, as the ledger counts it. */
export interface NotedCall {
  readonly caller: NotedCaller
  readonly userAgent: string | undefined
  readonly operation: string
  readonly query: string
  readonly prefix: string
  readonly microversion: string
  /** Asked only where addresses are kept. */
  readonly address: () => string
}

export interface LedgerSettings {
  readonly rowsMax: number
  readonly retentionDays: number
  readonly withUsers: boolean
  readonly withAddresses: boolean
}

/** A call is in the file this soon. */
const FLUSH_MS = 500
/** Rows written without letting anything else run. */
const BATCH_ROWS = 200
/** Rows that wait to be written; calls of further rows are counted as `other`. */
const PENDING_ROWS_MAX = 10_000
/** Another process is writing: it is done soon. */
const BUSY_RETRY_MS = 20
/** How often days that are too old are looked for. */
const FORGET_MS = 3_600_000
/** Kinds of call that are remembered for each caller; a program repeats a few. */
const COUNTERS_A_CALLER = 8

/** Counts calls of one kind on one day. */
interface Counter {
  /** Of the first call; others of the same filters count here too. */
  readonly query: string
  readonly filters: number
  readonly userAgent: string | undefined
  readonly key: CallerKey
  /** The same for counters of the same row and day. */
  readonly id: string
  readonly day: number
  readonly userName: string | undefined
  readonly address: string | undefined
  firstSeenAt: number
  lastSeenAt: number
  /** Since the last write. */
  calls: number
}

/**
 * Counts who still calls. A call costs a few comparisons; the file is written after the answers, a
 * few rows at a time. Counts that cannot be written (the disk is full, another process writes)
 * wait.
 */
export class CallLedger {
  readonly #file: LedgerFile
  readonly #settings: LedgerSettings
  readonly #onTrouble: (error: unknown) => void
  readonly #now: () => number
  readonly #recent = new WeakMap<NotedCaller, Counter[]>()
  readonly #pending = new Map<string, Counter>()
  #other: Counter | undefined
  #timer: NodeJS.Timeout | undefined
  #forgetAtMs = 0

  /** @param onTrouble told of each failed write @param now Unix seconds */
  constructor(
    file: LedgerFile,
    settings: LedgerSettings,
    onTrouble: (error: unknown) => void,
    now: () => number = () => Math.floor(Date.now() / 1000),
  ) {
    this.#file = file
    this.#settings = settings
    this.#onTrouble = onTrouble
    this.#now = now
    file.stopWaiting()
  }

  /** Counts a call. Never throws, never waits. */
  note(call: NotedCall): void {
    const now = this.#now()
    const counter = this.#counterOf(call, now)
    if (counter.calls === 0) {
      counter.firstSeenAt = now
      this.#pending.set(counter.id, counter)
      this.#timer ??= setTimeout(() => this.#flushInTurns(), FLUSH_MS).unref()
    }
    counter.calls += 1
    counter.lastSeenAt = now
  }

  #counterOf(call: NotedCall, now: number): Counter {
    const day = dayOf(now)
    const known = this.#recent.get(call.caller)
    const found = known?.find((counter) => counter.day === day && isSameKind(counter, call))
    if (found !== undefined) return found
    const begun = this.#begin(call, now, day)
    const counter = this.#pending.get(begun.id) ?? begun
    if (counter === begun && this.#pending.size >= PENDING_ROWS_MAX) return this.#countOther(begun)
    if (known === undefined) this.#recent.set(call.caller, [counter])
    else {
      known.unshift(counter)
      known.length = Math.min(known.length, COUNTERS_A_CALLER)
    }
    return counter
  }

  #begin(call: NotedCall, now: number, day: number): Counter {
    const { caller, userAgent, operation, query, prefix, microversion } = call
    const { family, version } = clientProgramOf(userAgent)
    const filters = filterBits(query)
    const key: CallerKey = {
      projectId: caller.projectId ?? '',
      userId: caller.userId,
      client: family,
      clientVersion: version,
      operation,
      filters: filterNames(filters),
      prefix,
      microversion,
    }
    const userName = this.#settings.withUsers ? caller.userName : undefined
    const address = this.#settings.withAddresses ? call.address() : undefined
    const seen = { firstSeenAt: now, lastSeenAt: now, calls: 0 }
    const id = JSON.stringify([day, ...Object.values(key)])
    return { query, filters, userAgent, key, id, day, userName, address, ...seen }
  }

  #countOther(begun: Counter): Counter {
    if (this.#other?.day !== begun.day) {
      const none = { projectId: '', userId: '', client: '', clientVersion: '' }
      const key = { ...none, operation: MERGED, filters: [], prefix: '', microversion: '' }
      this.#other = { ...begun, key, id: MERGED, userName: undefined, address: undefined }
    }
    return this.#other
  }

  /** Writes a batch, lets others run, and goes on until nothing is left. */
  #flushInTurns(): void {
    this.#timer = undefined
    const waitMs = this.#writeBatch()
    if (this.#pending.size === 0) return
    this.#timer = setTimeout(() => this.#flushInTurns(), waitMs).unref()
  }

  /** @returns after how many milliseconds to go on */
  #writeBatch(): number {
    const batch = [...this.#pending.values().take(BATCH_ROWS)]
    try {
      this.#file.add(batch.map(additionOf))
      for (const counter of batch) {
        this.#pending.delete(counter.id)
        counter.calls = 0
      }
      this.#file.trim(this.#settings.rowsMax)
      this.#forgetOldDays()
      return 0
    } catch (error) {
      if (isBusy(error)) return BUSY_RETRY_MS
      this.#onTrouble(error)
      return FLUSH_MS
    }
  }

  #forgetOldDays(): void {
    if (performance.now() < this.#forgetAtMs) return
    this.#file.forgetBefore(dayOf(this.#now()) - this.#settings.retentionDays + 1)
    this.#forgetAtMs = performance.now() + FORGET_MS
  }

  /** Writes what is pending, as far as that is possible at once. */
  flush(): void {
    while (this.#pending.size > 0 && this.#writeBatch() === 0);
  }

  /** What the file holds, this process's last calls included. */
  read(query: LedgerQuery): readonly CallerRow[] {
    this.flush()
    return this.#file.read(query)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.flush()
    this.#file[Symbol.dispose]()
  }
}

/** The query's filters are read only where the query is another one. */
function isSameKind({ key, userAgent, query, filters }: Counter, call: NotedCall): boolean {
  return (
    key.operation === call.operation &&
    key.prefix === call.prefix &&
    key.microversion === call.microversion &&
    userAgent === call.userAgent &&
    (query === call.query || filters === filterBits(call.query))
  )
}

function additionOf({
  key,
  userName,
  address,
  firstSeenAt,
  lastSeenAt,
  day,
  calls,
}: Counter): Addition {
  return { key, userName, address, firstSeenAt, lastSeenAt, days: new Map([[day, calls]]) }
}
