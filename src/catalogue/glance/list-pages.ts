import type { Image } from '../../image/image.ts'
import { compareInList, type Position, positionOf } from '../../image/order.ts'
import { printTime } from '../../image/time.ts'
import { UpstreamFault } from '../../upstream/fault.ts'
import type { JsonAnswer } from '../../upstream/upstream.ts'
import type { ImageList, ListWindow } from '../catalogue.ts'
import { faultOfAnswer, faultOfError, glanceFault } from './glance-faults.ts'
import { type GlanceQuery, TIME_MAX_SECONDS } from './list-query.ts'
import type { PageEnd } from './page-ends.ts'
import { readRow } from './read-row.ts'

/** Glance's own maximum (api_limit_max) unless configured. */
export const PAGE_ROWS_MAX = 1000
/** A page that goes on after rows that did not match asks for at least so many. */
const PAGE_ROWS_MIN = 100
/** An answer too large is asked for again in pages smaller by this. */
const SHRINK_FACTOR = 30
/** Databases keep fractions of seconds, and round them, in ways of their own. */
const END_MARGIN_SECONDS = 1
/** Nova's order (nova/image/glance.py); Glance adds `id` in the same direction. */
const ORDER = 'sort_key=created_at&sort_dir=desc'

export interface ListLimits {
  /** How long may be looked for the next image that matches. */
  readonly searchTimeoutMs: number
  /** How many rows that do not match may be read between two that do. */
  readonly vainRowsMax: number
}

export interface ListRequest {
  readonly query: GlanceQuery
  readonly window: ListWindow
  /** The window's marker, if it has one. */
  readonly marker: ListMarker | undefined
  /** Whether a row of Glance's answer is one that was asked for. */
  readonly isWanted: (image: Image) => boolean
  readonly limits: ListLimits
  /** Asks Glance for `/v2/images?{query}`. */
  readonly ask: (query: string, signal: AbortSignal) => Promise<JsonAnswer>
  /** Of the first page, if it may be known. */
  readonly end: PageEnd | undefined
  /** Told of rows that could not be used, or not as they came. */
  readonly onOddRows: (odd: OddRows) => void
}

/** An image to go on after, of which only the id is known. */
export interface ListMarker {
  readonly id: string
  /** Whether Glance's list accepts just those markers that the viewer may see. */
  readonly isLeftToGlance: boolean
  /** Asks Glance for the image. @throws CatalogueFault 'marker.not_found' */
  readonly place: (signal: AbortSignal) => Promise<Position>
}

export interface OddRows {
  readonly skipped: number
  readonly repaired: number
  /** The ids and fields of some of them. */
  readonly examples: readonly string[]
}

interface Page {
  readonly images: readonly Image[]
  readonly rows: number
  /** Whether every row could be used as it came. */
  readonly isSound: boolean
  /** Of the page that follows; none: this was the last. */
  readonly marker: string | undefined
}

const EXAMPLES_MAX = 5

/**
 * The images of a list in batches, in as few of Glance's pages as possible. While a batch is
 * written out the next page is requested. @throws CatalogueFault
 */
export function listPages(request: ListRequest): ImageList {
  return {
    [Symbol.asyncIterator]: () => {
      const cancel = new AbortController()
      const batches = readPages(request, cancel)
      return {
        next: () => batches.next(),
        return: () => {
          cancel.abort() // also where the next batch is still waited for
          return batches.return(undefined)
        },
      }
    },
  }
}

async function* readPages(
  request: ListRequest,
  cancel: AbortController,
): AsyncGenerator<readonly Image[]> {
  if (request.window.limit <= 0) {
    await request.marker?.place(cancel.signal)
    return
  }
  const pages = new Pages(request, cancel.signal)
  const { searchTimeoutMs, vainRowsMax } = request.limits
  let isOver = false
  try {
    let left = request.window.limit
    let searchStartMs = performance.now()
    let vainRows = 0
    let coming = pages.next(left)
    for (;;) {
      const page = await coming
      const wanted = page.images.filter(request.isWanted).slice(0, left)
      left -= wanted.length
      vainRows = wanted.length > 0 ? 0 : vainRows + page.rows
      const isLast = page.marker === undefined || left === 0
      const isTooMuch =
        vainRows > vainRowsMax || performance.now() - searchStartMs > searchTimeoutMs
      if (!isLast && wanted.length === 0 && isTooMuch) {
        throw glanceFault('upstream.timeout', `${vainRows} rows read in vain`)
      }
      if (!isLast) {
        coming = pages.next(left)
        coming.catch(() => {}) // it is awaited later, or not at all
      }
      isOver = isLast
      if (wanted.length > 0) {
        yield wanted
        searchStartMs = performance.now()
      }
      if (isLast) return
    }
  } finally {
    if (!isOver) cancel.abort() // an error is made for every listener, also where nothing is asked
  }
}

/** Glance's pages one after the other, each requested after the one before has arrived. */
class Pages {
  readonly #request: ListRequest
  readonly #signal: AbortSignal
  readonly #markers = new Set<string>()
  #marker: string | undefined
  #rowsMax = PAGE_ROWS_MAX
  #isFirst = true
  /** Where the list has come to, and what it has shown of that second. */
  #last: Position | undefined
  readonly #shown = new Set<string>()
  /** Set when the marker was lost: images from this place on, without those already shown. */
  #from: { readonly filter: string; readonly isPast: (image: Image) => boolean } | undefined

  constructor(request: ListRequest, signal: AbortSignal) {
    this.#request = request
    this.#signal = signal
    this.#last = request.window.after
    this.#marker = request.marker?.id ?? request.window.after?.id
  }

  /** @param left how many images are still wanted */
  async next(left: number): Promise<Page> {
    const { marker } = this.#request
    if (this.#isFirst && marker?.isLeftToGlance === false) {
      this.#last = await marker.place(this.#signal)
    }
    const isExact = this.#request.query.isWhole && this.#isFirst
    this.#isFirst = false
    if (!isExact) return this.#read(await this.#answer(Math.max(left, PAGE_ROWS_MIN)))
    const end = left <= this.#rowsMax ? this.#request.end : undefined
    const page = this.#read((await this.#toKnownEnd(end, left)) ?? (await this.#answer(left)))
    end?.set(page.rows === left && page.isSound ? page.images.at(-1)?.createdAt : undefined)
    return page
  }

  /** @returns undefined when the page is not full, or Glance cannot be asked so */
  async #toKnownEnd(end: PageEnd | undefined, rows: number): Promise<JsonAnswer | undefined> {
    const time = end?.get()
    if (time === undefined) return undefined
    const since = encodeURIComponent(`gte:${printTime(time - END_MARGIN_SECONDS)}`)
    const answer = await this.#ask(rows, `created_at=${since}`)
    if (answer === 'too large' || MARKER_LOST.has(answer.status)) {
      end?.set(undefined)
      return undefined
    }
    if (answer.status !== 200) throw faultOfAnswer('list', answer)
    const images = fieldOf(answer.json, 'images')
    return Array.isArray(images) && images.length < rows ? undefined : answer
  }

  async #answer(rows: number): Promise<JsonAnswer> {
    for (;;) {
      const answer = await this.#ask(Math.min(rows, this.#rowsMax), this.#from?.filter ?? '')
      if (answer === 'too large') {
        this.#rowsMax = Math.max(1, Math.floor(Math.min(rows, this.#rowsMax) / SHRINK_FACTOR))
      } else if (answer.status === 200) {
        return answer
      } else if (this.#marker !== undefined && MARKER_LOST.has(answer.status)) {
        await this.#goOnByTime()
      } else {
        throw faultOfAnswer('list', answer)
      }
    }
  }

  async #ask(limit: number, times: string): Promise<JsonAnswer | 'too large'> {
    const { query, ask } = this.#request
    const parts = [query.filters, times, `limit=${limit}`, ORDER]
    if (this.#marker !== undefined) parts.push(`marker=${encodeURIComponent(this.#marker)}`)
    try {
      return await ask(parts.filter((part) => part !== '').join('&'), this.#signal)
    } catch (error) {
      const isTooLarge = error instanceof UpstreamFault && error.code === 'too_large'
      if (isTooLarge && limit > 1) return 'too large'
      throw faultOfError(error)
    }
  }

  /**
   * The last image of the page before was deleted or became invisible, so Glance cannot continue
   * after it. The images of the same age are read again, and those already shown are left out. Of
   * the caller's own marker Glance is asked first whether the caller may see it.
   * @throws CatalogueFault 'marker.not_found'
   */
  async #goOnByTime(): Promise<void> {
    this.#last ??= await this.#request.marker?.place(this.#signal)
    const last = this.#last
    this.#marker = undefined
    if (last === undefined) return
    const shown = new Set(this.#shown)
    const second = Math.min(last.createdAt + 1, TIME_MAX_SECONDS)
    const before = encodeURIComponent(`lte:${printTime(second)}`)
    this.#from = {
      filter: `created_at=${before}`,
      isPast: (image) =>
        image.createdAt > last.createdAt ||
        (image.createdAt === last.createdAt &&
          (shown.size > 0 ? shown.has(image.id) : compareInList(image, last) <= 0)),
    }
  }

  #read({ json }: JsonAnswer): Page {
    const rows = fieldOf(json, 'images')
    if (!Array.isArray(rows)) throw glanceFault('upstream.invalid', 'a list without "images"')
    const marker = this.#readNext(fieldOf(json, 'next'))
    const read = this.#readRows(rows)
    this.#marker = marker
    return { ...read, rows: rows.length, marker }
  }

  #readRows(rows: readonly unknown[]): Pick<Page, 'images' | 'isSound'> {
    const images: Image[] = []
    const examples: string[] = []
    let skipped = 0
    let repaired = 0
    for (const row of rows) {
      const fields: string[] = []
      const image = readRow(row, fields)
      if (image === undefined) skipped += 1
      else if (fields.length > 0) repaired += 1
      if ((image === undefined || fields.length > 0) && examples.length < EXAMPLES_MAX) {
        examples.push(`${image?.id ?? 'skipped'} ${fields.join(' ')}`.trim())
      }
      if (image === undefined || this.#from?.isPast(image)) continue
      this.#pass(image)
      images.push(image)
    }
    const isSound = skipped + repaired === 0
    if (!isSound) this.#request.onOddRows({ skipped, repaired, examples })
    return { images, isSound }
  }

  #pass(image: Image): void {
    if (image.createdAt !== this.#last?.createdAt) this.#shown.clear()
    this.#shown.add(image.id)
    this.#last = positionOf(image)
  }

  /** Only the marker is taken from the link, so it cannot lead to another host or query. */
  #readNext(link: unknown): string | undefined {
    if (link === undefined || link === null) return undefined
    const query = typeof link === 'string' ? link.slice(link.indexOf('?') + 1) : ''
    const marker = new URLSearchParams(query).get('marker')
    if (marker === null || marker === '' || this.#markers.has(marker)) {
      throw glanceFault('upstream.invalid', 'a "next" link that leads nowhere, or back')
    }
    this.#markers.add(marker)
    return marker
  }
}

/** Glance's answers to a marker that was deleted, and to one that is invisible. */
const MARKER_LOST: ReadonlySet<number> = new Set([400, 403, 404])

function fieldOf(json: unknown, field: string): unknown {
  return typeof json === 'object' && json !== null
    ? (json as Record<string, unknown>)[field]
    : undefined
}
