import type { Image } from '../../image/image.ts'
import type { CatalogueFor, ImageList } from '../catalogue.ts'
import { CatalogueFault, type CatalogueFaultCode } from '../faults.ts'
import { holds, type KeptList, KeptLists } from './kept-lists.ts'
import { MEMORY_LIMITS, type MemoryLimits } from './limits.ts'
import { listKey } from './list-key.ts'
import type { AskedList, ListMemory, Written } from './list-memory.ts'
import { RememberingCatalogue } from './remembering-catalogue.ts'
import { type Gathered, SharedReading } from './shared-reading.ts'

export interface ShortMemoryOptions {
  /** How long a list is given again without asking; 0: never. */
  readonly ttlMs: number
  /** How old a list may be that is given while the images' service cannot be asked; 0: never. */
  readonly staleIfErrorMs: number
  /** Whether two users with the same roles in the same project may see different images. */
  readonly isKeyedByUser: boolean
  readonly limits?: Partial<MemoryLimits>
  /** The clock, in milliseconds that never go back. */
  readonly nowMs?: () => number
}

/** Faults that are not about the caller; an older list is given instead. */
const OUTAGES: ReadonlySet<CatalogueFaultCode> = new Set([
  'upstream.unavailable',
  'upstream.timeout',
  'upstream.invalid',
])
/** Faults about one caller's token: others who waited for the same list ask with their own. */
const PERSONAL: ReadonlySet<CatalogueFaultCode> = new Set([
  'token.refused',
  'upstream.forbidden',
  'upstream.throttled',
])

/**
 * Keeps lists for a short time in front of a catalogue that is asked over the network. It keeps
 * rows, not answers, and gives them only to callers with the same project, roles and query, who
 * would get the same rows. Single images are never kept, and a caller without a project shares
 * nothing.
 */
export class ShortMemory implements ListMemory {
  readonly #catalogueFor: CatalogueFor
  readonly #options: ShortMemoryOptions
  readonly #limits: MemoryLimits
  readonly #nowMs: () => number
  readonly #kept: KeptLists
  /**
   * Readings that other callers may join; and all readings to be kept, unless a write comes first.
   */
  readonly #joinable = new Map<string, SharedReading>()
  readonly #keepable = new Set<SharedReading>()
  readonly #gathered: Gathered = { bytes: 0 }
  readonly #lookups = { kept: 0, joined: 0, read: 0, stale: 0 }

  constructor(catalogueFor: CatalogueFor, options: ShortMemoryOptions) {
    this.#catalogueFor = catalogueFor
    this.#options = options
    this.#limits = { ...MEMORY_LIMITS, ...options.limits }
    this.#nowMs = options.nowMs ?? (() => performance.now())
    this.#kept = new KeptLists(this.#limits)
  }

  readonly catalogueFor: CatalogueFor = (asker) => {
    const inner = this.#catalogueFor(asker)
    const { projectId } = asker
    return projectId === null ? inner : new RememberingCatalogue(this, inner, asker, projectId)
  }

  /** What is kept and being read, for metrics and tests. */
  stats(): { lists: number; bytes: number; readings: number; readingBytes: number } {
    const readings = { readings: this.#keepable.size, readingBytes: this.#gathered.bytes }
    return { ...this.#kept.stats(), ...readings }
  }

  /**
   * How lists were come by so far, for metrics: `kept`; `joined` to another caller's reading; `read`
   * anew; and `stale`, where that failed.
   */
  lookups(): Readonly<Record<'kept' | 'joined' | 'read' | 'stale', number>> {
    return { ...this.#lookups }
  }

  async *read(asked: AskedList): AsyncGenerator<readonly Image[], void> {
    const { asker, viewer, query, window } = asked
    const key = listKey(asker, viewer, query, window, this.#options.isKeyedByUser)
    const kept = this.#kept.get(key)
    if (kept !== undefined && !kept.isDoubted && this.#ageMs(kept) < this.#options.ttlMs) {
      this.#lookups.kept += 1
      asked.tellFreshness({ ageMs: this.#ageMs(kept), isStale: false })
      yield* kept.batches
      return
    }
    let hasYielded = false
    try {
      for await (const batch of this.#readOrJoin(key, asked)) {
        hasYielded = true
        yield batch
      }
    } catch (error) {
      const isOutage = error instanceof CatalogueFault && OUTAGES.has(error.code)
      const stale = isOutage && !hasYielded ? this.#staleList(key) : undefined
      if (stale === undefined) throw error
      this.#lookups.stale += 1
      asked.tellFreshness({ ageMs: this.#ageMs(stale), isStale: true })
      yield* stale.batches
    }
  }

  /**
   * Drops the lists that held the image or began after it, and those that may hold it now. Lists that are being read
   * may have missed the write, so nobody joins them and they are not kept. After 'unknown' kept
   * lists are only given in an outage. 'missing' wrote nothing and drops no reading, so a caller
   * cannot stop the sharing by deleting images that do not exist.
   */
  forget(project: string, id: string, outcome: Written): void {
    if (outcome !== 'missing') {
      this.#joinable.clear()
      this.#keepable.clear()
    }
    if (outcome === 'unknown') {
      this.#kept.doubtAll()
      return
    }
    this.#kept.dropWhere((list) => {
      if (list.project === project || holds(list, id)) return true
      if (typeof outcome === 'string') return false
      const isForOwner = outcome.visibility === 'private' || outcome.visibility === 'community'
      return !isForOwner || list.project === outcome.owner || list.isAdmins
    })
  }

  /** The list read with this caller's own token, or shared with a caller who asks the same now. */
  async *#readOrJoin(key: string, asked: AskedList): AsyncGenerator<readonly Image[], void> {
    const { inner, viewer, query, window, gone } = asked
    const other = this.#joinable.get(key)
    const joined = other?.end === 'open' ? other : undefined
    this.#lookups[joined === undefined ? 'read' : 'joined'] += 1
    const reading = joined ?? this.#begin(key, asked)
    if (joined !== undefined) {
      asked.tellFreshness({ ageMs: this.#nowMs() - joined.startMs, isStale: false })
    }
    let hasYielded = false
    try {
      for await (const batch of reading.follow(gone)) {
        hasYielded = true
        yield batch
      }
    } catch (error) {
      const isPersonal = error instanceof CatalogueFault && PERSONAL.has(error.code)
      if (joined === undefined || !isPersonal || hasYielded) throw error
      asked.tellFreshness(undefined)
      yield* untilGone(inner.list(viewer, query, window), gone)
      return
    }
    const { last, rows } = reading
    if (reading.end === 'outgrown' && last !== undefined && window.limit > rows) {
      const rest = { limit: window.limit - rows, after: last }
      yield* untilGone(inner.list(viewer, query, rest), gone)
    }
  }

  #begin(key: string, { inner, viewer, query, window, project }: AskedList): SharedReading {
    const list = inner.list(viewer, query, window)
    const reading = new SharedReading(list, this.#limits, this.#nowMs(), this.#gathered)
    this.#keepable.add(reading)
    if (this.#options.ttlMs > 0) this.#joinable.set(key, reading)
    void reading.ended.then(() => {
      if (this.#joinable.get(key) === reading) this.#joinable.delete(key)
      if (!this.#keepable.delete(reading) || reading.end !== 'whole') return
      const { batches, startMs } = reading
      const bytes = reading.bytes + key.length
      const whose = { project, isAdmins: viewer.isAdmin, marker: window.marker }
      this.#kept.put(key, { batches, bytes, readAtMs: startMs, ...whose, isDoubted: false })
    })
    return reading
  }

  #staleList(key: string): KeptList | undefined {
    const kept = this.#kept.get(key)
    return kept !== undefined && this.#ageMs(kept) <= this.#options.staleIfErrorMs
      ? kept
      : undefined
  }

  #ageMs({ readAtMs }: KeptList): number {
    return this.#nowMs() - readAtMs
  }
}

/** @param gone ends the reading at once, also while the next batch is waited for */
async function* untilGone(
  list: ImageList,
  gone: Promise<void>,
): AsyncGenerator<readonly Image[], void> {
  const batches = list[Symbol.asyncIterator]()
  let isHere = true
  const stop = async () => {
    isHere = false
    await batches.return?.()
  }
  void gone.then(stop).catch(() => {}) // its outcome does not matter
  await null // one who has left already asks for nothing
  try {
    while (isHere) {
      const { done, value } = await batches.next()
      if (done) return
      yield value
    }
  } finally {
    await batches.return?.()
  }
}
