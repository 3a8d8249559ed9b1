/** How a request ended: an answer's status, or without a whole answer. */
export type Result =
  | number
  /** The connection broke before the answer was whole. */
  | 'cut'
  /** Nothing came for as long as `NO_ANSWER_MS`. */
  | 'none'
  /** The caller hung up, as it meant to. */
  | 'left'
  /** The answer is not what it should be. */
  | 'wrong'

export interface Outcome {
  readonly kind: string
  readonly result: Result
  readonly detail: string
  readonly startMs: number
  readonly endMs: number
}

/** A time in which something else than usual may happen. */
export interface Allowance {
  readonly results: readonly Result[]
  /** Of these kinds of request only. */
  readonly kinds?: readonly string[]
  readonly fromMs: number
  toMs: number
}

/** What may always be the result, of each kind of request. */
export type Usual = Readonly<Record<string, readonly Result[]>>

export interface Line {
  readonly kind: string
  readonly results: Readonly<Record<string, number>>
}

/** More are counted, and not looked at one by one: a run with so many has failed in any case. */
const UNUSUAL_MAX = 200_000
const EXAMPLES_MAX = 5

/** Counts how requests end, and says afterwards which of them should not have ended so. */
export class Tally {
  readonly #usual: Usual
  readonly #counts = new Map<string, Map<Result, number>>()
  readonly #unusual: Outcome[] = []
  readonly #allowances: Allowance[] = []

  constructor(usual: Usual) {
    this.#usual = usual
  }

  add(outcome: Outcome): void {
    const { kind, result } = outcome
    const counts = this.#counts.get(kind) ?? new Map<Result, number>()
    this.#counts.set(kind, counts)
    counts.set(result, (counts.get(result) ?? 0) + 1)
    if (this.#usual[kind]?.includes(result)) return
    if (this.#unusual.length < UNUSUAL_MAX) this.#unusual.push(outcome)
  }

  /** Allows results from now on; the caller sets `toMs` when that ends. */
  allow(results: readonly Result[], kinds?: readonly string[]): Allowance {
    const allowance: Allowance = {
      results,
      ...(kinds === undefined ? {} : { kinds }),
      fromMs: performance.now(),
      toMs: Number.POSITIVE_INFINITY,
    }
    this.#allowances.push(allowance)
    return allowance
  }

  get requests(): number {
    return this.lines().reduce((sum, { results }) => {
      return sum + Object.values(results).reduce((all, count) => all + count, 0)
    }, 0)
  }

  count(result: Result): number {
    return this.lines().reduce((sum, { results }) => sum + (results[String(result)] ?? 0), 0)
  }

  lines(): readonly Line[] {
    return [...this.#counts].map(([kind, counts]) => ({
      kind,
      results: Object.fromEntries([...counts].map(([result, count]) => [String(result), count])),
    }))
  }

  /** What should not have been: a line for each kind and result, with the first examples. */
  faults(): readonly string[] {
    const wrong = this.#unusual.filter((outcome) => !this.#isAllowed(outcome))
    const groups = Object.groupBy(wrong, ({ kind, result }) => `${kind}: ${result}`)
    const faults = Object.entries(groups).map(([group, outcomes = []]) => {
      const examples = outcomes.slice(0, EXAMPLES_MAX).map(({ detail, startMs, endMs }) => {
        return `${(startMs / 1000).toFixed(2)}..${(endMs / 1000).toFixed(2)} s ${detail}`
      })
      return `${group}, ${outcomes.length} times, such as\n    ${examples.join('\n    ')}`
    })
    if (this.#unusual.length === UNUSUAL_MAX) faults.push('too many of them to look at each')
    return faults
  }

  #isAllowed({ kind, result, startMs, endMs }: Outcome): boolean {
    return this.#allowances.some(({ results, kinds, fromMs, toMs }) => {
      if (!results.includes(result) || (kinds !== undefined && !kinds.includes(kind))) return false
      // A cut is seen when it happens; an answer may be about any moment of its request.
      return endMs >= fromMs && (result === 'cut' ? endMs : startMs) <= toMs
    })
  }
}
