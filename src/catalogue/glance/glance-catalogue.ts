import type { Image } from '../../image/image.ts'
import { type Position, positionOf } from '../../image/order.ts'
import { type ImageQuery, matches } from '../../image/query.ts'
import type { Viewer } from '../../image/visibility.ts'
import type { JsonAnswer, Upstream, UpstreamRequest } from '../../upstream/upstream.ts'
import type {
  Asker,
  Catalogue,
  CatalogueFor,
  ImageList,
  ListWindow,
  PropertyChange,
} from '../catalogue.ts'
import { CatalogueFault } from '../faults.ts'
import { changedImage } from '../property-change.ts'
import { faultOfAnswer, faultOfError, glanceFault, type Operation } from './glance-faults.ts'
import { type ListLimits, type ListMarker, listPages, type OddRows } from './list-pages.ts'
import { type GlanceQuery, glanceQuery } from './list-query.ts'
import { type PageEnd, PageEnds } from './page-ends.ts'
import {
  isPatchable,
  PATCH_TYPE,
  type PatchStep,
  patchSteps,
  printPatch,
  repeatStep,
} from './patch.ts'
import { isImageId, readRow } from './read-row.ts'
import { type Judge, judgeOf } from './seen.ts'

export interface GlanceOptions {
  /**
   * Whether an identity service has identified the viewers. If not, only Glance checks the token.
   */
  readonly areViewersKnown: boolean
  readonly limits?: Partial<ListLimits>
  /** Called with images in Glance's answers that could not be used unchanged. */
  readonly onOddRows?: (odd: OddRows, requestId: string) => void
}

export const LIST_LIMITS: ListLimits = { searchTimeoutMs: 30_000, vainRowsMax: 100_000 }

/** How often a change is retried when somebody else has changed the image meanwhile. */
const CHANGE_ATTEMPTS_MAX = 4
const CANONICAL_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The images of a Glance v2, asked for with each asker's own token. */
export function openGlance(upstream: Upstream, options: GlanceOptions): CatalogueFor {
  const judge = judgeOf(options.areViewersKnown)
  const limits = { ...LIST_LIMITS, ...options.limits }
  const onOddRows = options.onOddRows ?? (() => {})
  const ends = options.areViewersKnown ? new PageEnds() : undefined
  return (asker) => new GlanceCatalogue({ upstream, judge, limits, ends, onOddRows }, asker)
}

interface Parts {
  readonly upstream: Upstream
  readonly judge: Judge
  readonly limits: ListLimits
  /** None where nothing may be known of one caller while another is served. */
  readonly ends: PageEnds | undefined
  readonly onOddRows: (odd: OddRows, requestId: string) => void
}

class GlanceCatalogue implements Catalogue {
  readonly #parts: Parts
  readonly #asker: Asker

  constructor(parts: Parts, asker: Asker) {
    this.#parts = parts
    this.#asker = asker
  }

  list(viewer: Viewer, query: ImageQuery, window: ListWindow): ImageList {
    const { judge, limits, onOddRows } = this.#parts
    const asked = glanceQuery(query) ?? NOTHING
    const only = judge.listFilter(viewer)
    const filters = [asked.filters, only].filter((part) => part !== '').join('&')
    return listPages({
      query: { ...asked, filters },
      window: asked === NOTHING ? { ...window, limit: 0 } : window,
      marker: this.#marker(viewer, window),
      end: this.#pageEnd(filters, window),
      isWanted: (image) => judge.mayList(image, viewer) && matches(image, query),
      limits,
      ask: (parameters, signal) =>
        this.#send({ method: 'GET', path: '/v2/images', query: parameters, signal }),
      onOddRows: (odd) => onOddRows(odd, this.#asker.requestId),
    })
  }

  /**
   * Glance's list judges its marker much as its image call judges an id (glance/db/sqlalchemy/
   * api.py, _image_get, for both), so most markers cost no request of their own. An id in capitals
   * does: a database that folds case takes it for another.
   */
  #marker(viewer: Viewer, { marker: id }: ListWindow): ListMarker | undefined {
    if (id === undefined) return undefined
    const isLeftToGlance = this.#parts.judge.isMarkerLeftToGlance(viewer) && CANONICAL_ID.test(id)
    return { id, isLeftToGlance, place: (signal) => this.#place(viewer, id, signal) }
  }

  async #place(viewer: Viewer, id: string, signal: AbortSignal): Promise<Position> {
    try {
      return positionOf(await this.#find(viewer, id, signal))
    } catch (error) {
      const isLost = error instanceof CatalogueFault && error.code === 'image.not_found'
      throw isLost ? glanceFault('marker.not_found') : error
    }
  }

  #pageEnd(filters: string, { limit, after, marker }: ListWindow): PageEnd | undefined {
    const { projectId, roles } = this.#asker
    const who = [projectId ?? '', roles.toSorted().join(',')]
    return this.#parts.ends?.of([...who, filters, `${limit}`, marker ?? after?.id ?? ''])
  }

  get(viewer: Viewer, id: string): Promise<Image> {
    return this.#find(viewer, id, this.#asker.signal)
  }

  async #find(viewer: Viewer, id: string, signal: AbortSignal | undefined): Promise<Image> {
    const answer = await this.#ask('get', id, { method: 'GET', signal })
    const image = this.#read(answer)
    // A database may not tell upper from lower case; the ids of two images never differ in that alone.
    if (image.id !== id || !this.#parts.judge.maySee(image, viewer)) {
      throw glanceFault('image.not_found')
    }
    return image
  }

  async changeProperties(viewer: Viewer, id: string, change: PropertyChange): Promise<Image> {
    for (let attempt = 1; ; attempt += 1) {
      const image = await this.get(viewer, id)
      // The time is Glance's to set.
      const target = changedImage(image, change, image.updatedAt)
      const steps = stepsTo(image, target, change)
      if (steps.length === 0) {
        if (this.#parts.judge.mayNotWrite(image, viewer))
          throw glanceFault('image.not_writable', '', id)
        return image
      }
      try {
        return this.#checkStored(await this.#patch(id, steps), steps)
      } catch (error) {
        const isRace = error instanceof CatalogueFault && error.code === 'image.conflict'
        if (!isRace || attempt === CHANGE_ATTEMPTS_MAX) throw error
      }
    }
  }

  async delete(viewer: Viewer, id: string): Promise<void> {
    if (!this.#parts.judge.isLeftToGlance(viewer) || !CANONICAL_ID.test(id))
      await this.get(viewer, id)
    try {
      await this.#ask('delete', id, { method: 'DELETE' })
    } catch (error) {
      const isRefused = error instanceof CatalogueFault && error.code === 'image.not_writable'
      throw isRefused ? await this.#whyNotDeleted(viewer, id, error) : error
    }
  }

  /** Glance keeps no number that moves with every write. */
  version(): undefined {
    return undefined
  }

  /** Only the text of Glance's 403 tells a protected image from a caller who is not the owner. */
  async #whyNotDeleted(viewer: Viewer, id: string, refusal: CatalogueFault): Promise<unknown> {
    const image = await this.get(viewer, id)
    if (!image.isProtected || this.#parts.judge.mayNotWrite(image, viewer)) return refusal
    return new CatalogueFault('image.protected', 'You are not allowed to delete the image.')
  }

  async #patch(id: string, steps: readonly PatchStep[]): Promise<Image> {
    const headers = { 'content-type': PATCH_TYPE }
    const body = printPatch(steps)
    return this.#read(await this.#ask('change', id, { method: 'PATCH', headers, body }))
  }

  /** Glance treats some names as its own fields, answers 200 and stores nothing. */
  #checkStored(stored: Image, steps: readonly PatchStep[]): Image {
    for (const step of steps) {
      if (step.op === 'add' && stored.properties.get(step.key) !== step.value) {
        const detail = `Glance did not keep ${JSON.stringify(step.key)}`
        throw glanceFault('property.unstorable', detail)
      }
    }
    return stored
  }

  #read({ json }: JsonAnswer): Image {
    const repaired: string[] = []
    const image = readRow(json, repaired)
    if (image === undefined) throw glanceFault('upstream.invalid', 'an image that is none')
    if (repaired.length > 0) {
      const examples = [`${image.id} ${repaired.join(' ')}`]
      this.#parts.onOddRows({ skipped: 0, repaired: 1, examples }, this.#asker.requestId)
    }
    return image
  }

  async #ask(
    operation: Operation,
    id: string,
    request: Pick<UpstreamRequest, 'method' | 'headers' | 'body' | 'signal'>,
  ): Promise<JsonAnswer> {
    if (!isImageId(id)) throw glanceFault('image.not_found')
    let answer: JsonAnswer
    try {
      // A write has no signal: it is not cancelled, for its outcome would be unknown.
      answer = await this.#send({ ...request, path: `/v2/images/${id}` })
    } catch (error) {
      throw faultOfError(error)
    }
    if (answer.status < 200 || answer.status > 299) throw faultOfAnswer(operation, answer, id)
    return answer
  }

  #send(request: Omit<UpstreamRequest, 'requestId'>): Promise<JsonAnswer> {
    const { token, requestId, trace, projectId, userId } = this.#asker
    const headers = { ...request.headers, 'x-auth-token': token }
    return this.#parts.upstream.requestJson({
      ...request,
      headers,
      requestId,
      trace,
      caller: projectId ?? userId,
    })
  }
}

/** No image can match. */
const NOTHING: GlanceQuery = { filters: '', isWhole: true }

/**
 * A change without effect still writes one of its properties, since every save moves `updated_at`.
 */
function stepsTo(image: Image, target: Image, change: PropertyChange): readonly PatchStep[] {
  const changes = patchSteps(image.properties, target.properties)
  const [same] = change.set
  const steps = changes.length === 0 && same !== undefined ? [repeatStep(...same)] : changes
  for (const { key } of steps) {
    if (isPatchable(key)) continue
    const message = `The image service cannot change the property ${JSON.stringify(key)}.`
    throw new CatalogueFault('property.unstorable', message)
  }
  return steps
}
