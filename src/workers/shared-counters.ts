import {
  type CallerCounters,
  type CallerMaxima,
  HOLDINGS,
  type Holdings,
  holdingsOf,
  RATES,
  type Rates,
  ratesOf,
} from '../limits/caller-counters.ts'
import type { Rate } from '../limits/token-buckets.ts'
import type { Questions } from './questions.ts'

/** The counters of a worker: the process that started it counts the callers of all workers. */
export function sharedCounters(maxima: CallerMaxima, questions: Questions): CallerCounters {
  return new SharedCounters(maxima, questions)
}

class SharedCounters implements CallerCounters {
  readonly #questions: Questions
  address: Rates | undefined
  project: Rates | undefined
  'long list': Holdings | undefined
  upload: Holdings | undefined

  constructor(maxima: CallerMaxima, questions: Questions) {
    this.#questions = questions
    this.reload(maxima)
  }

  reload(maxima: CallerMaxima): void {
    const rates = ratesOf(maxima)
    for (const name of RATES) {
      const rate = rates[name]
      this[name] = rate && sharedRates(name, rate, this.#questions)
    }
    const holdings = holdingsOf(maxima)
    for (const what of HOLDINGS) {
      this[what] = holdings[what] === 0 ? undefined : sharedHoldings(what, this.#questions)
    }
  }
}

function sharedRates(name: (typeof RATES)[number], rate: Rate, questions: Questions): Rates {
  return {
    rate,
    async take(caller) {
      const answered = await questions.ask((id) => ({ kind: 'count', id, rate: name, caller }))
      if (answered.kind !== 'counted') throw new TypeError(`${answered.kind} is no count`)
      return answered.standing
    },
  }
}

function sharedHoldings(what: (typeof HOLDINGS)[number], questions: Questions): Holdings {
  return {
    async take(caller) {
      const answered = await questions.ask((id) => ({ kind: 'hold', id, what, caller }))
      if (answered.kind !== 'held') throw new TypeError(`${answered.kind} is no holding`)
      const { id, isHeld } = answered
      return isHeld ? () => questions.say({ kind: 'give_back', id }) : undefined
    },
  }
}
