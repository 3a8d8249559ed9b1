import type { Database } from '../../database/database.ts'

/**
 * An image's place in a list, as one number that sorts as `compareInList` does: images of a later
 * second come first; images of one second are ordered by label, and a greater id has a greater
 * label. An inverted index yields numbers in order, so it holds places. A place is a safe integer:
 * 32 bits of seconds (1970 to 2106; what is earlier or later counts as the first or last of these,
 * ordered by labels), 22 bits of label.
 */
/** Images are moved through the places of earlier seconds while they swap places. */
const SECOND_MIN = 1024
const SECOND_MAX = 2 ** 32 - 1
const SECOND_MIDDLE = 2 ** 31
const LABEL_BITS = 22
const LABELS = 2 ** LABEL_BITS
/** Left between neighbours when images are added at the end of a second. */
const STRIDE = 4
/** In a sparse stretch of labels, at most one in this many is taken. */
const SPARSE = 8
const FEW_MOVES = 256

/** Before every image's place. */
export const FIRST_PLACE = Number.MIN_SAFE_INTEGER
/** After every image's place. */
export const LAST_PLACE = Number.MAX_SAFE_INTEGER

/** A position in list order, with the id as bytes. */
export interface Spot {
  /** Unix seconds. */
  readonly createdAt: number
  readonly id: Uint8Array
}

/** Labels of one second between which a spot lies; both are exclusive. */
interface Gap {
  readonly below: number
  readonly above: number
}

/** The first place after this position, whether or not it is taken. */
export function placeAfter(database: Database, spot: Spot): number {
  return placeAt(spot, gapFor(database, spot).below)
}

/** The first and the last place that an image created in the second can have. */
export function placesOfSecond(createdAt: number): {
  readonly first: number
  readonly last: number
} {
  const spot = { createdAt, id: NO_ID }
  return { first: placeAt(spot, LABELS - 1), last: placeAt(spot, 0) }
}

const NO_ID = new Uint8Array()

/** A free place for a new image there; undefined if images must be moved first. */
export function freePlace(database: Database, spot: Spot): number | undefined {
  const { below, above } = gapFor(database, spot)
  const room = above - below
  if (room < 2) return undefined
  const preferred = preferredLabel(spot)
  if (preferred > below && preferred < above) return placeAt(spot, preferred)
  const step = Math.min(STRIDE, room >> 1)
  if (above === LABELS) return placeAt(spot, below + step)
  if (below === -1) return placeAt(spot, above - step)
  return placeAt(spot, below + (room >> 1))
}

export interface Move {
  readonly n: number
  readonly to: number
}

/**
 * The moves that make room for a new image: the images in a range of labels around it are spread
 * evenly. The range is the smallest sparse one, if few images are in it; or else the smallest that
 * is half empty.
 */
export function movesToMakeRoom(database: Database, spot: Spot): readonly Move[] {
  const label = Math.max(gapFor(database, spot).below, 0)
  let moves: readonly Move[] | undefined
  for (let bits = 6; bits <= LABEL_BITS; bits += 4) {
    const width = 2 ** bits
    const first = label - (label % width)
    const rows = database
      .prepare('SELECT n FROM images WHERE place > ? AND place <= ? ORDER BY place DESC')
      .all(placeAt(spot, first + width), placeAt(spot, first)) as { n: number }[]
    if (moves !== undefined && rows.length > FEW_MOVES) break
    if (rows.length * 2 > width) continue
    const isSparse = rows.length * SPARSE <= width
    if (isSparse || moves === undefined) {
      const apart = width / rows.length
      const labelOf = (i: number) => first + Math.floor((i + 0.5) * apart)
      moves = rows.map(({ n }, i) => ({ n, to: placeAt(spot, labelOf(i)) }))
    }
    if (isSparse) break
  }
  if (moves !== undefined) return moves
  throw new RangeError(`more than ${LABELS / 2} images were created in one and the same second`)
}

function placeAt(spot: Spot, label: number): number {
  const second = Math.min(Math.max(spot.createdAt, SECOND_MIN), SECOND_MAX)
  return -((second - SECOND_MIDDLE) * LABELS + label)
}

/**
 * By the first bits of the id: for random ids this label is nearly always free and in order. An
 * eighth at either end is reserved for ids that come in ascending or descending order.
 */
function preferredLabel({ createdAt, id }: Spot): number {
  const bits = ((id[0] ?? 0) << 16) | ((id[1] ?? 0) << 8) | (id[2] ?? 0)
  const part = createdAt < SECOND_MIN ? 0 : createdAt > SECOND_MAX ? 1 : bits / 2 ** 24
  return Math.floor(LABELS * (1 / 8 + (part * 3) / 4))
}

/** The greatest label at or below a probe (places run the other way), above a lower bound. */
const AT_OR_BELOW = `SELECT place, created_at AS createdAt, id FROM images
  WHERE place >= ? AND place < ? ORDER BY place LIMIT 1`
/** The least label above a probe, below an upper bound. */
const ABOVE = `SELECT place, created_at AS createdAt, id FROM images
  WHERE place > ? AND place < ? ORDER BY place DESC LIMIT 1`

/** Bisects the labels of a second: order by label is order by spot. */
function gapFor(database: Database, spot: Spot): Gap {
  let below = -1
  let above = LABELS
  let probe = preferredLabel(spot)
  const nearest = (sql: string, from: number, to: number) => {
    const row = database.prepare(sql).get(placeAt(spot, from), placeAt(spot, to))
    if (row === undefined) return undefined
    const found = row as unknown as Spot & { place: number }
    return { label: placeAt(spot, 0) - found.place, isBelow: isBelow(found, spot) }
  }
  for (;;) {
    const lower = nearest(AT_OR_BELOW, probe, below)
    if (lower !== undefined && !lower.isBelow) {
      above = lower.label
    } else {
      const upper = nearest(ABOVE, above, probe)
      if (upper === undefined || !upper.isBelow) {
        return { below: lower?.label ?? below, above: upper?.label ?? above }
      }
      below = upper.label
    }
    probe = below + ((above - below) >> 1)
  }
}

function isBelow(a: Spot, b: Spot): boolean {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt
  return Buffer.compare(a.id, b.id) < 0
}
