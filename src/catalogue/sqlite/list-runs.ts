import type { FoundRow } from './found-images.ts'

/** A row of a list, with its place. */
export interface ListedRow extends FoundRow {
  readonly place: number
}

/** Rows of all runs together; each takes some 100 bytes. */
const ROWS_MAX = 100_000
/** Read ahead in one go, at most. */
const AHEAD_ROWS_MAX = 500

/** A stretch of one list, without a gap. */
export interface Run {
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

/**
 * Stretches of lists that were read before, at one version of the database. A caller who goes on
 * after an image that a page has shown is given the next rows without a search, and the further such
 * callers go, the more is read ahead at once.
 */
export class ListRuns {
  #version: string | undefined
  #rows = 0
  /** By list, then by the id of an image that was shown; '' is the beginning. */
  readonly #spots = new Map<string, Map<string, Spot>>()

  /** Forgets what was read at another version. */
  moveTo(version: string): void {
    if (version === this.#version && this.#rows <= ROWS_MAX) return
    this.#spots.clear()
    this.#rows = 0
    this.#version = version
  }

  /** @param list what the list depends on @param markerId undefined: from the beginning */
  find(list: string, markerId: string | undefined): Spot | undefined {
    return this.#spots.get(list)?.get(markerId ?? '')
  }

  /** Begins a run behind a marker. @param place the first that may be in it */
  begin(list: string, markerId: string | undefined, place: number): Spot {
    const spot = { run: { rows: [], isWhole: false, nextPlace: place }, from: 0 }
    this.#at(list, markerId ?? '', spot)
    return spot
  }

  /** @param isLast no row follows */
  extend({ run }: Spot, rows: readonly ListedRow[], isLast: boolean): void {
    run.rows.push(...rows)
    run.isWhole = isLast
    run.nextPlace = (rows.at(-1)?.place ?? run.nextPlace - 1) + 1
    this.#rows += rows.length
  }

  /** An image of a page was shown, so it may be a marker now. */
  shown(list: string, id: string, { run, from }: Spot, index: number): void {
    this.#at(list, id, { run, from: from + index + 1 })
  }

  #at(list: string, id: string, spot: Spot): void {
    let spots = this.#spots.get(list)
    if (spots === undefined) {
      spots = new Map()
      this.#spots.set(list, spots)
    }
    if (!spots.has(id)) spots.set(id, spot)
  }
}

/** How many rows to read behind a run, for a page that needs some more. */
export function rowsAhead({ run }: Spot, needed: number): number {
  return Math.max(needed, Math.min(run.rows.length, AHEAD_ROWS_MAX))
}
