import assert from 'node:assert/strict'
import type { Product } from '../../bench/product.ts'
import type { Image } from '../../src/image/image.ts'
import { matchesSearch } from '../../src/image/search-match.ts'
import { isListed, isVisible } from '../../src/image/visibility.ts'
import { type Page, type Shown, wrongImage, wrongPage } from './check.ts'
import { type Answer, Client } from './client.ts'
import type { History, Span } from './history.ts'
import type { Asker, World } from './world.ts'
import { NAMES, VISIBILITIES } from './writers.ts'

const CODINGS = ['identity', 'gzip', 'zstd', 'br']
const LIMITS = [1, 5, 20, 1000]
const PREFIXES = ['v2.1', 'v2'] as const
/** Of answers that a caller remembers with their tags. */
const REMEMBERED_MAX = 500

interface Question {
  readonly url: string
  readonly page?: Page
  /** Of a single image, which may be gone and forgotten before it is asked for. */
  readonly history?: History
}

/** Answers by tag, of all callers: one that has another's must not be told that it is its own. */
const remembered = new Map<string, { readonly tag: string; readonly body: string }[]>()

export interface Tally {
  answers: number
  unchanged: number
  images: number
}

/** A caller who asks at random, and checks each answer. */
export class Reader {
  readonly #world: World
  readonly #asker: Asker
  readonly #clients = new Map<Product, Client>()

  constructor(world: World, asker: Asker) {
    this.#world = world
    this.#asker = asker
  }

  async run(isOver: () => boolean, tally: Tally): Promise<void> {
    while (!isOver()) {
      const server = this.#world.chance.pick(this.#world.servers)
      await this.#ask(server, this.#question(server), tally)
    }
    for (const client of this.#clients.values()) client.close()
  }

  async #ask(server: Product, question: Question, tally: Tally): Promise<void> {
    const client = this.#clients.get(server) ?? new Client()
    this.#clients.set(server, client)
    const path = new URL(question.url).pathname + new URL(question.url).search
    const { chance } = this.#world
    const known = remembered.get(path)
    const had = known !== undefined && chance.is(40) ? chance.pick(known) : undefined
    const coding = chance.pick(CODINGS)
    const headers = {
      'x-auth-token': this.#asker.token,
      // The same of every server, so that a tag of one is the tag of another's answer.
      host: 'cloud.test',
      ...(had === undefined ? {} : { 'if-none-match': had.tag }),
      'accept-encoding': coding,
    }
    await this.#world.during(
      () => client.ask('GET', question.url, headers),
      (answer, span) => {
        const isSame = answer.status === 304
        if (isSame) assert.ok(had !== undefined, `${path}: 304 without a tag`)
        const body = isSame ? (had?.body ?? '') : answer.body
        const wrong = this.#wrong(
          question,
          { ...answer, status: isSame ? 200 : answer.status, body },
          span,
          tally,
        )
        if (wrong !== undefined) {
          const how = `${this.#asker.name}, ${path}, ${answer.status}, ${coding}`
          assert.fail(
            `${how}, from ${span.fromMs.toFixed(1)} to ${span.toMs.toFixed(1)} ms: ${wrong}`,
          )
        }
        tally.answers += 1
        if (isSame) tally.unchanged += 1
        else if (answer.status === 200) remember(path, String(answer.headers.etag), body)
      },
    )
  }

  #wrong(
    { page, history }: Question,
    { status, body }: Answer,
    span: Span,
    tally: Tally,
  ): string | undefined {
    const { histories } = this.#world
    const { viewer } = this.#asker
    if (history !== undefined) {
      if (status !== 200 && status !== 404) return `status ${status}: ${body}`
      const shown = status === 404 ? undefined : imageIn(JSON.parse(body))
      if (shown !== undefined) tally.images += 1
      return wrongImage(shown, history, span, (image) => isVisible(image, viewer))
    }
    if (page === undefined) return 'nothing was asked'
    if (status === 400 && page.after !== undefined) {
      const marker = histories.get(page.after.id)?.states(span) ?? [undefined]
      const mayBeLost = marker.some((state) => state === undefined || !isVisible(state, viewer))
      return mayBeLost ? undefined : `the marker ${page.after.id} is refused: ${body}`
    }
    if (status !== 200) return `status ${status}: ${body}`
    const shown = (JSON.parse(body).images as Document[]).map(shownOf)
    tally.images += shown.length
    return wrongPage(shown, histories, span, page)
  }

  #question(server: Product): Question {
    const { chance, histories } = this.#world
    const known = [...histories.values()]
    const isCompute = chance.is(50)
    const compute = `${server.computeUrl}/${chance.pick(PREFIXES)}`
    if (known.length > 0 && chance.is(25)) {
      const history = chance.pick(known)
      const base = isCompute ? compute : `${server.imageUrl}/v2`
      return { history, url: `${base}/images/${history.id}` }
    }
    const limit = chance.pick(LIMITS)
    const parameters = new URLSearchParams({ limit: `${limit}` })
    const name = chance.is(30) ? chance.pick(NAMES) : undefined
    if (name !== undefined) parameters.set('name', name)
    const after = known.length > 0 && chance.is(20) ? chance.pick(known).now : undefined
    // Of one that is being created the place is not known yet.
    const isPlaced = after !== undefined && after.createdAt > 0
    if (isPlaced) parameters.set('marker', after.id)
    const from = { limit, after: isPlaced ? after : undefined }
    const isNamed = (image: Image) => name === undefined || image.name === name
    const { viewer } = this.#asker
    if (isCompute) {
      const path = chance.is(60) ? 'images/detail' : 'images'
      const isFor = (image: Image) => isNamed(image) && isListed(image, viewer)
      return { url: `${compute}/${path}?${parameters}`, page: { ...from, isFor } }
    }
    const visibility = chance.is(30) ? chance.pick(VISIBILITIES) : undefined
    if (visibility !== undefined) parameters.set('visibility', visibility)
    const search = {
      isHidden: false,
      memberStatus: 'accepted' as const,
      sort: [],
      ...(visibility === undefined ? {} : { visibility }),
    }
    const isFor = (image: Image) => isNamed(image) && matchesSearch(image, viewer, search)
    return { url: `${server.imageUrl}/v2/images?${parameters}`, page: { ...from, isFor } }
  }
}

interface Document {
  readonly id: string
  readonly name: string | null
  readonly metadata?: { readonly revision?: string }
  readonly revision?: string
}

/** Compute wraps its image, the Image API does not. */
function imageIn(document: Document | { readonly image: Document }): Shown {
  return shownOf('image' in document ? document.image : document)
}

function shownOf({ id, name, metadata, revision }: Document): Shown {
  return { id, name, revision: revision ?? metadata?.revision }
}

function remember(path: string, tag: string, body: string): void {
  if (tag === 'undefined') return
  const answers = remembered.get(path) ?? []
  if (!answers.some((answer) => answer.tag === tag)) answers.push({ tag, body })
  if (answers.length > 10) answers.shift()
  remembered.delete(path)
  remembered.set(path, answers)
  for (const oldest of remembered.keys()) {
    if (remembered.size <= REMEMBERED_MAX) break
    remembered.delete(oldest)
  }
}
