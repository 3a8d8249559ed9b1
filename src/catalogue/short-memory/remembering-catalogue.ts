import type { Image } from '../../image/image.ts'
import type { ImageQuery } from '../../image/query.ts'
import type { Viewer } from '../../image/visibility.ts'
import type {
  Asker,
  Catalogue,
  Freshness,
  ImageList,
  ListWindow,
  PropertyChange,
} from '../catalogue.ts'
import { CatalogueFault, type CatalogueFaultCode } from '../faults.ts'
import type { ListMemory, Written } from './list-memory.ts'

type Outcome = Written | 'not done'

/** Faults after which a write was certainly not done. */
const NOT_DONE: ReadonlySet<CatalogueFaultCode> = new Set([
  'image.not_writable',
  'image.protected',
  'image.conflict',
  'property.limit_exceeded',
  'token.refused',
  'upstream.forbidden',
  'upstream.throttled',
])

/** What a fault of a write says of the image. */
function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof CatalogueFault)) return 'unknown'
  if (NOT_DONE.has(error.code)) return 'not done'
  if (error.code === 'image.not_found') return 'missing'
  // Told also of a change of which Glance has kept a part.
  return error.code === 'property.unstorable' ? 'gone' : 'unknown'
}

/** The catalogue of one request; its lists may come from the short memory. */
export class RememberingCatalogue implements Catalogue {
  readonly #memory: ListMemory
  readonly #inner: Catalogue
  readonly #asker: Asker
  readonly #project: string

  constructor(memory: ListMemory, inner: Catalogue, asker: Asker, project: string) {
    this.#memory = memory
    this.#inner = inner
    this.#asker = asker
    this.#project = project
  }

  list(viewer: Viewer, query: ImageQuery, window: ListWindow): ImageList {
    let freshness: Freshness | undefined
    const tellFreshness = (told: Freshness | undefined) => {
      freshness = told
    }
    const begin = () => {
      const { promise: gone, resolve: leave } = Promise.withResolvers<void>()
      const asked = { inner: this.#inner, asker: this.#asker, project: this.#project }
      const batches = this.#memory.read({ ...asked, viewer, query, window, gone, tellFreshness })
      return {
        next: () => batches.next(),
        return: () => {
          leave() // also where the next batch is still waited for
          return batches.return()
        },
      }
    }
    return { [Symbol.asyncIterator]: begin, freshness: () => freshness }
  }

  get(viewer: Viewer, id: string): Promise<Image> {
    return this.#inner.get(viewer, id)
  }

  changeProperties(viewer: Viewer, id: string, change: PropertyChange): Promise<Image> {
    return this.#write(id, () => this.#inner.changeProperties(viewer, id, change))
  }

  async delete(viewer: Viewer, id: string): Promise<void> {
    await this.#write(id, async () => {
      await this.#inner.delete(viewer, id)
      return 'gone' as const
    })
  }

  version(viewer: Viewer): number | string | undefined {
    return this.#inner.version(viewer)
  }

  async #write<T extends Image | 'gone'>(id: string, write: () => Promise<T>): Promise<T> {
    let outcome: Outcome = 'unknown'
    try {
      const written = await write()
      outcome = written
      return written
    } catch (error) {
      outcome = outcomeOf(error)
      throw error
    } finally {
      if (outcome !== 'not done') this.#memory.forget(this.#project, id, outcome)
    }
  }
}
