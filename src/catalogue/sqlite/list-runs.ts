import type { FoundRow } from './found-images.ts'

/** A row of a list, with its place. */
export interface ListedRow extends FoundRow {
  readonly place: number
}

/** Rows and lists that are remembered, of all runs together; each takes some 100 bytes. */
const REMEMBERED_MAX = 100_000
/** Read ahead in one go, at most. */
const AHEAD_ROWS_MAX = 500

/** A stretch of one list, without a gap. */
interface Run {
  readonly rows: ListedRow[]
  /** Where to read on. */
  nextPlace: number
  /** The list ends with it. */
  isWhole: boolean
}

/** A place in a run: the rows from `from` on come after the marker. */
export interface Spot {
  readonly run: Run
  readonly from: number
}

interface ListSpots {
  readonly version: number
  /** By the id of an image that was shown; '' is the beginning. */
  readonly byMarker: Map<string, Spot>
}

/**
 * Stretches of lists that were read before, as long as nothing in the list changes. A caller who goes
 * on after an image that a page has shown is given the next rows without a search, and the further
 * such callers go, the more is read ahead at once.
 */
export class ListRuns {
  #remembered = 0
  readonly #lists = new Map<string, ListSpots>()

  /**
   * @param list what the list depends on
   * @param version of the list: what was read at another one is forgotten
   * @param markerId undefined: from the beginning
   */
  find(list: string, version: number, markerId: string | undefined): Spot | undefined {
    const spots = this.#lists.get(list)
    return spots?.version === version ? spots.byMarker.get(markerId ?? '') : undefined
  }

  /** Begins a run behind a marker. @param place the first that may be in it */
  begin(list: string, version: number, markerId: string | undefined, place: number): Spot {
    if (this.#remembered >= REMEMBERED_MAX) {
      this.#lists.clear()
      this.#remembered = 0
    }
    this.#remembered += 1
    const spots = this.#lists.get(list)
    const byMarker = spots?.version === version ? spots.byMarker : new Map<string, Spot>()
    if (byMarker !== spots?.byMarker) this.#lists.set(list, { version, byMarker })
    const spot = { run: { rows: [], isWhole: false, nextPlace: place }, from: 0 }
    byMarker.set(markerId ?? '', spot)
    return spot
  }

  /** @param isLast no row follows */
  extend({ run }: Spot, rows: readonly ListedRow[], isLast: boolean): void {
    run.rows.push(...rows)
    run.isWhole = isLast
    const last = rows.at(-1)
    if (last !== undefined) run.nextPlace = last.place + 1
    this.#remembered += rows.length
  }

  /** Images of a page were shown, from the spot on, so they may be markers now. */
  shown(list: string, images: readonly { readonly id: string }[], { run, from }: Spot): void {
    const byMarker = this.#lists.get(list)?.byMarker
    if (byMarker === undefined) return
    for (const [index, { id }] of images.entries()) {
      if (!byMarker.has(id)) byMarker.set(id, { run, from: from + index + 1 })
    }
  }
}

/** The rows of a page; undefined if the run does not hold them all. */
export function rowsAt({ run, from }: Spot, count: number): readonly ListedRow[] | undefined {
  if (!run.isWhole && run.rows.length < from + count) return undefined
  return run.rows.slice(from, from + count)
}

/** How many rows to read behind a run, for a page that needs some more. */
export function rowsAhead({ run }: Spot, needed: number): number {
  return Math.max(needed, Math.min(run.rows.length, AHEAD_ROWS_MAX))
}
