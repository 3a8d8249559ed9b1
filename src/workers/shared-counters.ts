import {
  type CallerCounters,
  type CallerMaxima,
  type HOLDINGS,
  type Holdings,
  holdingsOf,
  type RATES,
  type Rates,
  ratesOf,
} from '../limits/caller-counters.ts'
import type { Rate } from '../limits/token-buckets.ts'
import type { Questions } from './questions.ts'

/** The counters of a worker: the process that started it counts the callers of all workers. */
export function sharedCounters(maxima: CallerMaxima, questions: Questions): CallerCounters {
  const rates = ratesOf(maxima)
  const holdings = holdingsOf(maxima)
  const shared = (name: (typeof RATES)[number], rate: Rate | undefined) =>
    rate && sharedRates(name, rate, questions)
  const held = (what: (typeof HOLDINGS)[number], max: number) =>
    max === 0 ? undefined : sharedHoldings(what, questions)
  return {
    address: shared('address', rates.address),
    project: shared('project', rates.project),
    'long list': held('long list', holdings['long list']),
    upload: held('upload', holdings.upload),
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
