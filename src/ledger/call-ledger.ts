import { clientProgramOf } from '../callers/client-family.ts'
import { type CallerRow, MERGED } from './caller-row.ts'
import { filterBits, filterNames } from './filters.ts'
import { type Addition, dayOf, isBusy, type LedgerFile, type LedgerQuery } from './ledger-file.ts'

/** A call about images, as the ledger is told of it. */
export interface NotedCall {
  readonly projectId: string | null
  readonly userId: string
  readonly userName: string | undefined
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
/** Different rows that wait to be written; further ones are counted as `other`. */
const PENDING_ROWS_MAX = 10_000
/** Another process is writing: it is done soon. */
const BUSY_RETRY_MS = 20
/** How often days that are too old are looked for. */
const FORGET_MS = 3_600_000

/**
 * Counts who still calls. A call costs a look into a map; the file is written behind the answers,
 * a few rows at a time. What cannot be written (the disk is full, another process writes) waits.
 */
export class CallLedger {
  readonly #file: LedgerFile
  readonly #settings: LedgerSettings
  readonly #onTrouble: (error: unknown) => void
  readonly #now: () => number
  #pending = new Map<string, Addition>()
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
    const bits = filterBits(call.query)
    const { projectId, userId, userAgent = '', operation, prefix, microversion } = call
    const key = `${operation} ${bits} ${prefix} ${microversion} ${projectId} ${userId} ${userAgent}`
    let addition = this.#pending.get(key)
    if (addition === undefined) {
      const isFull = this.#pending.size >= PENDING_ROWS_MAX
      addition = isFull ? this.#other(now) : this.#begin(key, call, bits, now)
    }
    addition.lastSeenAt = now
    const day = dayOf(now)
    addition.days.set(day, (addition.days.get(day) ?? 0) + 1)
    this.#timer ??= setTimeout(() => this.#flushInTurns(), FLUSH_MS).unref()
  }

  #begin(key: string, call: NotedCall, bits: number, now: number): Addition {
    const { family, version } = clientProgramOf(call.userAgent)
    const addition = {
      key: {
        projectId: call.projectId ?? '',
        userId: call.userId,
        client: family,
        clientVersion: version,
        operation: call.operation,
        filters: filterNames(bits),
        prefix: call.prefix,
        microversion: call.microversion,
      },
      userName: this.#settings.withUsers ? call.userName : undefined,
      address: this.#settings.withAddresses ? call.address() : undefined,
      firstSeenAt: now,
      lastSeenAt: now,
      days: new Map<number, number>(),
    }
    this.#pending.set(key, addition)
    return addition
  }

  #other(now: number): Addition {
    const found = this.#pending.get(MERGED)
    if (found !== undefined) return found
    const none = { projectId: '', userId: '', client: '', clientVersion: '' }
    const addition: Addition = {
      key: { ...none, operation: MERGED, filters: [], prefix: '', microversion: '' },
      userName: undefined,
      address: undefined,
      firstSeenAt: now,
      lastSeenAt: now,
      days: new Map(),
    }
    this.#pending.set(MERGED, addition)
    return addition
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
    const batch = [...this.#pending.entries().take(BATCH_ROWS)]
    try {
      this.#file.add(batch.map(([, addition]) => addition))
      for (const [key] of batch) this.#pending.delete(key)
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
