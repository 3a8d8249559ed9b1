import type { TimeBound } from './search.ts'
import { parseTime } from './time.ts'

/** What is asked of a time; 'always' and 'never': whatever it is. */
export type TimeFilter = Pick<TimeBound, 'operator' | 'seconds'> | 'always' | 'never'

export const TIME_OPERATORS = ['eq', 'neq', 'gt', 'gte', 'lt', 'lte'] as const

/**
 * What a comparison asks of a time that is held in whole seconds, exactly.
 * @returns undefined for a text that is no time
 */
export function timeFilter(operator: TimeBound['operator'], time: string): TimeFilter | undefined {
  const seconds = parseTime(time)
  if (seconds === undefined) return undefined
  return hasFraction(time) ? betweenSeconds(operator, seconds + 1) : { operator, seconds }
}

function hasFraction(time: string): boolean {
  return /[.,]\d*[1-9]/.test(time)
}

/**
 * @param next the first whole second after the time asked for, which is not a whole second itself.
 */
function betweenSeconds(operator: TimeBound['operator'], next: number): TimeFilter {
  switch (operator) {
    case 'eq':
      return 'never'
    case 'neq':
      return 'always'
    case 'gt':
    case 'gte':
      return { operator: 'gte', seconds: next }
    case 'lt':
    case 'lte':
      return { operator: 'lt', seconds: next }
  }
}
