import type { Database } from '../../database/database.ts'

/**
 * An image's place in a list, as one number that sorts as `compareInList` does: images of a later
 * second come first; images of one second stand by label, and labels are given out so that a
 * greater id has a greater one. An inverted index yields numbers in order, so places are what it
 * holds.
 */

/** Labels in one second. With 40 bits of seconds a place fits SQLite's 64-bit integer. */
const LABEL_BITS = 24
const LABELS = 2 ** LABEL_BITS
/** Left between neighbours when images are added at the end of a second. */
const STRIDE = 16
/** A stretch of labels is spread out again only when at most one in this many would be taken. */
const SPARSE = 8

/** Labels of one second between which an id belongs; both are exclusive. */
interface Gap {
  readonly below: number
  readonly above: number
}

interface Neighbour {
  readonly label: number
  readonly id: Uint8Array
}

/** Before every image. */
export const FIRST_PLACE = -(2n ** 63n)

export function placeAt(createdAt: number, label: number): bigint {
  return -(BigInt(createdAt) * BigInt(LABELS) + BigInt(label))
}

/** The place from which on stands all that comes after the position, whether or not it is taken. */
export function placeAfter(database: Database, createdAt: number, id: Uint8Array): bigint {
  return placeAt(createdAt, gapFor(database, createdAt, id).below)
}

/** A free label for a new image of that second, or the full gap where it should go. */
export function freeLabel(database: Database, createdAt: number, id: Uint8Array): number | Gap {
  const gap = gapFor(database, createdAt, id)
  const { below, above } = gap
  const room = above - below
  if (room < 2) return gap
  const preferred = preferredLabel(id)
  if (preferred > below && preferred < above) return preferred
  if (above === LABELS) return below + Math.min(STRIDE, room >> 1)
  if (below === -1) return above - Math.min(STRIDE, room >> 1)
  return below + (room >> 1)
}

/** Random ids nearly always find this one free and in order. */
function preferredLabel(id: Uint8Array): number {
  return ((id[0] ?? 0) << 16) | ((id[1] ?? 0) << 8) | (id[2] ?? 0)
}

/** Bisects the labels of a second: order by label is order by id. */
function gapFor(database: Database, createdAt: number, id: Uint8Array): Gap {
  let below = -1
  let above = LABELS
  let probe = preferredLabel(id)
  for (;;) {
    const lower = nearest(database, LOWER, placeAt(createdAt, probe), placeAt(createdAt, below))
    if (lower !== undefined && Buffer.compare(lower.id, id) >= 0) {
      above = lower.label
    } else {
      const upper = nearest(database, UPPER, placeAt(createdAt, above), placeAt(createdAt, probe))
      if (upper === undefined || Buffer.compare(upper.id, id) >= 0) {
        return { below: lower?.label ?? below, above: upper?.label ?? above }
      }
      below = upper.label
    }
    probe = below + ((above - below) >> 1)
  }
}

/** The greatest label at or below the probe (places run the other way), above the lower bound. */
const LOWER = `SELECT CAST(place AS TEXT) AS place, id FROM images
  WHERE place >= ? AND place < ? ORDER BY place LIMIT 1`
/** The least label above the probe, below the upper bound. */
const UPPER = `SELECT CAST(place AS TEXT) AS place, id FROM images
  WHERE place > ? AND place < ? ORDER BY place DESC LIMIT 1`

function nearest(database: Database, sql: string, from: bigint, to: bigint): Neighbour | undefined {
  const row = database.prepare(sql).get(from, to) as { place: string; id: Uint8Array } | undefined
  return row && { label: labelAt(BigInt(row.place)), id: row.id }
}

function labelAt(place: bigint): number {
  return Number(BigInt.asUintN(LABEL_BITS, -place))
}

export interface Move {
  readonly n: number
  readonly to: bigint
}

/**
 * The moves that make room in a full gap: the smallest stretch of labels around it that is sparse
 * enough, its images spread evenly. Over many writes this costs a few moves for each image.
 */
export function movesToMakeRoom(database: Database, createdAt: number, gap: Gap): readonly Move[] {
  const label = Math.max(gap.below, 0)
  for (let bits = 8; bits <= LABEL_BITS; bits += 4) {
    const width = 2 ** bits
    const first = label - (label % width)
    const rows = database
      .prepare('SELECT n FROM images WHERE place > ? AND place <= ? ORDER BY place DESC')
      .all(placeAt(createdAt, first + width), placeAt(createdAt, first)) as { n: number }[]
    if (rows.length * SPARSE > width && bits < LABEL_BITS) continue
    if (rows.length * 2 > width) break
    const apart = width / rows.length
    return rows.map(({ n }, i) => ({
      n,
      to: placeAt(createdAt, first + Math.floor((i + 0.5) * apart)),
    }))
  }
  throw new RangeError(`more than ${LABELS / 2} images have one and the same created_at`)
}
