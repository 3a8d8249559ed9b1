/** The filters of a list that are counted; one bit each. */
const FILTERS = [
  'changes-since',
  'limit',
  'marker',
  'minDisk',
  'minRam',
  'name',
  'property',
  'server',
  'status',
  'type',
] as const

const BITS: ReadonlyMap<string, number> = new Map(FILTERS.map((name, bit) => [name, 1 << bit]))
const PROPERTY_BIT = BITS.get('property') ?? 0
const PROPERTY_PREFIX = 'property-'

/**
 * Which filters a query string holds, as a set of bits: `filterNames` names them. Names are not
 * unescaped, since clients escape none of them.
 */
export function filterBits(query: string): number {
  let bits = 0
  for (let start = 0; start < query.length; ) {
    const ampersand = query.indexOf('&', start)
    const end = ampersand === -1 ? query.length : ampersand
    const equals = query.indexOf('=', start)
    const name = query.slice(start, equals === -1 || equals > end ? end : equals)
    // `property` alone is no filter.
    if (name.startsWith(PROPERTY_PREFIX)) bits |= PROPERTY_BIT
    else if (name !== 'property') bits |= BITS.get(name) ?? 0
    start = end + 1
  }
  return bits
}

export function filterNames(bits: number): readonly string[] {
  return FILTERS.filter((_, bit) => (bits & (1 << bit)) !== 0)
}
