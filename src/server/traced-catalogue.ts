import type {
  Asker,
  Catalogue,
  CatalogueFor,
  ImageList,
  ListWindow,
  PropertyChange,
  PutCounts,
} from '../catalogue/catalogue.ts'
import { CatalogueFault } from '../catalogue/faults.ts'
import type { ManagedCatalogue, SearchPage, SearchWindow } from '../catalogue/managed-catalogue.ts'
import type { Image } from '../image/image.ts'
import type { ImageQuery } from '../image/query.ts'
import type { ImageSearch } from '../image/search.ts'
import type { Viewer } from '../image/visibility.ts'
import { failureOf, type Span, type SpanEnd, type Trace } from '../tracing/trace.ts'

/** The catalogue of each request, with a span for whatever is done in it. */
export function tracedFor(catalogueFor: CatalogueFor): CatalogueFor {
  return (asker) => {
    const { trace } = asker
    if (trace?.begin === undefined) return catalogueFor(asker)
    return new TracedCatalogue(trace, (inner) => catalogueFor(new AskerWithin(asker, inner)))
  }
}

/** The asker, working under another place of the trace. */
class AskerWithin implements Asker {
  readonly userId: string
  readonly projectId: string | null
  readonly roles: readonly string[]
  readonly requestId: string
  readonly trace: Trace
  /** Private, so that no logger prints its token with the rest. */
  readonly #asker: Asker

  constructor(asker: Asker, trace: Trace) {
    this.userId = asker.userId
    this.projectId = asker.projectId
    this.roles = asker.roles
    this.requestId = asker.requestId
    this.trace = trace
    this.#asker = asker
  }

  get token(): string {
    return this.#asker.token
  }

  /** Asked for late: it listens to the connection. */
  get signal(): AbortSignal | undefined {
    return this.#asker.signal
  }
}

class TracedCatalogue<C extends Catalogue = Catalogue> implements Catalogue {
  readonly #trace: Trace
  readonly #within: (trace: Trace) => C

  /** @param within the catalogue that works under a place in the trace */
  constructor(trace: Trace, within: (trace: Trace) => C) {
    this.#trace = trace
    this.#within = within
  }

  list(viewer: Viewer, query: ImageQuery, window: ListWindow): ImageList {
    let list: ImageList | undefined
    const begin = () => {
      const span = this.#begin('list')
      list = this.inner(span).list(viewer, query, window)
      return endingWith(list[Symbol.asyncIterator](), span)
    }
    return { [Symbol.asyncIterator]: begin, freshness: () => list?.freshness?.() }
  }

  page(viewer: Viewer, query: ImageQuery, window: ListWindow): readonly Image[] | undefined {
    const span = this.#begin('list')
    try {
      const page = this.inner(span).page?.(viewer, query, window)
      // Without a page the list is read in another way, in a span of its own: this one is dropped.
      if (page !== undefined) span?.end({ attributes: { 'afterimage.images': page.length } })
      return page
    } catch (error) {
      span?.end(endBy(error))
      throw error
    }
  }

  get(viewer: Viewer, id: string): Promise<Image> {
    return this.spanned('get', (inner) => inner.get(viewer, id))
  }

  changeProperties(viewer: Viewer, id: string, change: PropertyChange): Promise<Image> {
    return this.spanned('change', (inner) => inner.changeProperties(viewer, id, change))
  }

  delete(viewer: Viewer, id: string): Promise<void> {
    return this.spanned('delete', (inner) => inner.delete(viewer, id))
  }

  version(viewer: Viewer): number | string | undefined {
    return this.inner().version(viewer)
  }

  protected inner(span?: Span): C {
    return this.#within(span?.trace ?? this.#trace)
  }

  protected async spanned<T>(operation: string, work: (inner: C) => Promise<T>): Promise<T> {
    const span = this.#begin(operation)
    try {
      const result = await work(this.inner(span))
      span?.end()
      return result
    } catch (error) {
      span?.end(endBy(error))
      throw error
    }
  }

  #begin(operation: string): Span | undefined {
    return this.#trace.begin?.(`catalogue ${operation}`, 'internal')
  }
}

/** The embedded catalogue for one request, with a span for whatever the Image API does in it. */
export class TracedManagedCatalogue
  extends TracedCatalogue<ManagedCatalogue>
  implements ManagedCatalogue
{
  constructor(catalogue: ManagedCatalogue, trace: Trace) {
    super(trace, () => catalogue)
  }

  find(id: string): Promise<Image | undefined> {
    return this.spanned('find', (inner) => inner.find(id))
  }

  search(viewer: Viewer, search: ImageSearch, window: SearchWindow): Promise<SearchPage> {
    return this.spanned('search', (inner) => inner.search(viewer, search, window))
  }

  create(image: Image): Promise<Image> {
    return this.spanned('create', (inner) => inner.create(image))
  }

  update(id: string, change: (image: Image) => Image): Promise<Image> {
    return this.spanned('update', (inner) => inner.update(id, change))
  }

  remove(id: string, check: (image: Image) => void): Promise<Image> {
    return this.spanned('remove', (inner) => inner.remove(id, check))
  }

  putImages(images: readonly Image[]): Promise<PutCounts> {
    return this.inner().putImages(images)
  }

  settle(): Promise<void> {
    return this.inner().settle()
  }

  exportImages(): AsyncIterable<readonly Image[]> {
    return this.inner().exportImages()
  }
}

/** The batches, and the end of the span with the last of them. */
function endingWith(
  batches: AsyncIterator<readonly Image[]>,
  span: Span | undefined,
): AsyncIterator<readonly Image[]> {
  let images = 0
  const end = (what: SpanEnd = {}) =>
    span?.end({ ...what, attributes: { ...what.attributes, 'afterimage.images': images } })
  return {
    async next() {
      try {
        const batch = await batches.next()
        if (batch.done === true) end()
        else images += batch.value.length
        return batch
      } catch (error) {
        end(endBy(error))
        throw error
      }
    },
    async return() {
      end()
      return (await batches.return?.()) ?? { done: true, value: undefined }
    },
  }
}

/** Only what another service or the catalogue itself does wrong has failed: callers err every day. */
function endBy(error: unknown): SpanEnd {
  const isExpected =
    error instanceof CatalogueFault && !/^(?:upstream|catalogue)\./.test(error.code)
  return { ...failureOf(error), isFailed: !isExpected }
}
