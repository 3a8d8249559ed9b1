import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** What can be read from: the database itself, or a state of it. */
export interface Reads {
  prepare(sql: string): StatementSync
}

/** Reads that go on at a time; others wait. Each holds a cache of its own and the file's older pages. */
const CONNECTIONS_MAX = 4
const CACHE_KIB = 8192
/** What one read does in one turn of the event loop; a request that comes meanwhile waits as long. */
const TURN_MS = 1

/**
 * Long reads of one database file, each of one state of it, on connections of their own. They take
 * turns: in each turn of the event loop one of them goes on for a moment, however many there are.
 */
export class Readers implements Disposable {
  readonly #file: string | URL
  readonly #free: DatabaseSync[] = []
  readonly #waiting: (() => void)[] = []
  #running = 0
  #isClosed = false
  #lastTurn: Promise<unknown> = Promise.resolve()

  constructor(file: string | URL) {
    this.#file = file
  }

  /** Runs a read that says with each `yield` that it can be interrupted there, to its end. */
  async run<T>(read: (reads: Reads) => Generator<undefined, T>): Promise<T> {
    if (this.#running >= CONNECTIONS_MAX) {
      await new Promise<void>((begin) => this.#waiting.push(begin))
    } else {
      this.#running += 1
    }
    try {
      return await this.#runOn(this.#free.pop() ?? this.#open(), read)
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    for (const sqlite of this.#free.splice(0)) sqlite.close()
  }

  async #runOn<T>(
    sqlite: DatabaseSync,
    read: (reads: Reads) => Generator<undefined, T>,
  ): Promise<T> {
    try {
      sqlite.exec('BEGIN')
      const steps = read(sqlite)
      for (;;) {
        await this.#turn()
        const step = stepsFor(TURN_MS, steps)
        if (step !== undefined) return step.value
      }
    } finally {
      sqlite.exec('ROLLBACK')
      if (this.#isClosed) sqlite.close()
      else this.#free.push(sqlite)
    }
  }

  /** A turn of the event loop in which no other read goes on. */
  #turn(): Promise<unknown> {
    this.#lastTurn = this.#lastTurn.then(() => nextTurn())
    return this.#lastTurn
  }

  #open(): DatabaseSync {
    const sqlite = new DatabaseSync(this.#file, { readOnly: true })
    sqlite.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA temp_store = MEMORY`)
    return sqlite
  }
}

/** Goes on for that long. @returns undefined when there is more to do */
export function stepsFor<T>(
  durationMs: number,
  steps: Generator<undefined, T>,
): { readonly value: T } | undefined {
  const untilMs = performance.now() + durationMs
  for (;;) {
    const step = steps.next()
    if (step.done === true) return { value: step.value }
    if (performance.now() > untilMs) return undefined
  }
}
