import { parseTime } from '../../image/time.ts'
import { TIME_OPERATORS, type TimeFilter, timeFilter } from '../../image/time-filter.ts'
import { said } from '../request/said.ts'
import { ImageFault } from './faults.ts'

/** The operators in a filter's value, `OPERATOR:VALUE`, as in Glance. */

interface Filter {
  readonly operator: string
  readonly operand: string
}

/**
 * Without a colon, and in a time without an operator, the value means equality.
 * Mirrors glance/common/utils.py (split_filter_op).
 */
function splitOperator(value: string): Filter {
  const colon = value.indexOf(':')
  if (colon === -1 || parseTime(value) !== undefined) return { operator: 'eq', operand: value }
  return { operator: value.slice(0, colon), operand: value.slice(colon + 1) }
}

/** The texts that a `name` or `status` filter takes: any of them. @throws ImageFault 'query.invalid' */
export function readAnyOf(value: string): readonly string[] {
  const { operator, operand } = splitOperator(value)
  if (operator === 'eq') return [operand]
  if (operator === 'in') return splitList(operand)
  throw new ImageFault('query.invalid', said`Unable to filter by unknown operator '${operator}'.`)
}

/**
 * What `OPERATOR:TIME` asks of a time.
 * @throws ImageFault 'query.invalid'
 */
export function readTime(parameter: string, value: string): TimeFilter {
  const { operator: word, operand } = splitOperator(value)
  const operator = TIME_OPERATORS.find((known) => known === word)
  const filter = timeFilter(operator ?? 'eq', operand)
  if (filter === undefined) {
    throw new ImageFault(
      'query.invalid',
      said`Bad "${parameter}" query filter format. Use ISO 8601 DateTime notation.`,
    )
  }
  if (operator === undefined) {
    throw new ImageFault('query.invalid', 'Unable to filter on a unknown operator.')
  }
  return filter
}

/** A quoted item, an item, or an empty one; each with the comma after it. */
const ITEM = /"([^"\\]*(?:\\[^\n][^"\\]*)*)",?|([^,]+),?|,/g

/**
 * Items separated by commas; double quotes protect commas, and a backslash protects a quote and is
 * kept. Mirrors glance/common/utils.py (split_filter_value_for_quotes).
 */
function splitList(list: string): string[] {
  checkQuotes(list)
  return Array.from(list.matchAll(ITEM), ([, quoted, plain]) => quoted || plain || '')
}

/** Mirrors glance/common/utils.py (validate_quotes). @throws ImageFault 'query.invalid' */
function checkQuotes(list: string): void {
  let isOpen = false
  for (let i = list.indexOf('"'); i !== -1; i = list.indexOf('"', i + 1)) {
    if (list[i - 1] === '\\') continue
    if (!isOpen && i > 0 && list[i - 1] !== ',') {
      throw badList(list, 'There is no comma before opening quotation mark.')
    }
    if (isOpen && i + 1 < list.length && list[i + 1] !== ',') {
      throw badList(list, 'There is no comma after closing quotation mark.')
    }
    isOpen = !isOpen
  }
  if (isOpen) throw badList(list, 'The quote is not closed.')
}

function badList(list: string, problem: string): ImageFault {
  return new ImageFault('query.invalid', said`Invalid filter value ${list}. ${problem}`)
}
