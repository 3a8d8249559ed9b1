import type { AskedCall } from '../../successor/asked-call.ts'
import { describeParts, listParts } from '../../successor/list-parts.ts'
import { type Reading, readRequest } from './read-request.ts'

export type ReadCall = Extract<Reading, { readonly kind: 'call' }>

/** Calls that ask the same kind of thing; the first stands for all. */
export interface Group {
  readonly first: ReadCall
  count: number
}

/** More different calls than anybody reads; the rest is counted. */
export const GROUPS_MAX = 10_000

/** What many lines held. */
export interface Gathered {
  /** The most frequent first. */
  readonly groups: readonly Group[]
  lines: number
  refused: number
  /** Calls that came when there were GROUPS_MAX groups already. */
  leftOut: number
}

/**
 * Reads many lines and counts calls that differ only in the id or the marker, such as pages of one
 * list, as one.
 */
export async function gatherRequests(lines: AsyncIterable<string>): Promise<Gathered> {
  const groups = new Map<string, Group>()
  const counts = { lines: 0, refused: 0, leftOut: 0 }
  for await (const line of lines) {
    if (line.trim() === '') continue
    counts.lines += 1
    const reading = readRequest(line)
    if (reading.kind === 'refused') counts.refused += 1
    if (reading.kind !== 'call') continue
    const key = groupKey(reading.call)
    const group = groups.get(key)
    if (group !== undefined) group.count += 1
    else if (groups.size < GROUPS_MAX) groups.set(key, { first: reading, count: 1 })
    else counts.leftOut += 1
  }
  return { groups: [...groups.values()].sort((a, b) => b.count - a.count), ...counts }
}

function groupKey(call: AskedCall): string {
  if (call.kind !== 'list') return JSON.stringify([call.kind, 'key' in call ? call.key : ''])
  const { marker: _, ...parts } = listParts(call.list)
  return JSON.stringify([call.kind, ...describeParts(parts)])
}
