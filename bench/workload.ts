import type { ImageDocument } from '../suites/import/generate.ts'
import { benchDocument, COMMON_NAME } from './documents.ts'
import { ADMIN, type BenchViewer, MEMBER, OWNER, STRANGER } from './viewers.ts'

/**
 * `same`: one query again and again. `another`: another one each time, made of the newest images, as
 * many at every size. `scattered`: another one each time, made of images anywhere in the list.
 */
export type Mode = 'same' | 'another' | 'scattered'

/** The least part of the bare server's throughput that the product must reach. */
export interface Minimum {
  readonly atLeast: number
  /** What would be good. */
  readonly aim?: number
  /** What is reached on a quiet machine, where that is less: the short form guards this. */
  readonly reached?: number
}

/** One kind of request, measured at every size. */
export interface Row {
  readonly request: string
  readonly viewer: BenchViewer
  readonly mode: Mode
  /** Asked with the `If-None-Match` of the answer itself, so that it is a 304. */
  readonly isRevalidation: boolean
  /** undefined: none is demanded. */
  readonly minimum: Minimum | undefined
  /** Whether it may not cost more in a large catalogue. */
  readonly isFlat: boolean
  /** Answers that the bare server sends in turn. */
  readonly answersKept: number
  /** The paths to request, in turn, for a catalogue of that size. */
  paths(size: number): readonly string[]
}

/** An extra parameter with a new value makes every query different. */
const SCATTERED_QUERIES = 20_000
/** What `another` asks about: the newest images, as many as the smallest catalogue holds. */
const NEWEST_IMAGES = 1000
const PAGE_IMAGES = 25
/** The third newest image is the owner's and has a unique name, at every size. */
const OWN_FROM_LAST = 3

/** Makes a query from an image of the list; without an image it is the same query every time. */
type Query = (image: ImageDocument | undefined, size: number) => string

interface Kind {
  readonly request: string
  readonly query: Query
  /** How many images must come after the one that a query is made from, so that the page is full. */
  readonly imagesAfter: number
  /** Those that are measured, with what is demanded of them. */
  readonly modes: Readonly<Partial<Record<Mode, Minimum | undefined>>>
  readonly viewers: readonly BenchViewer[]
  readonly isFlat?: boolean
  readonly isRevalidation?: boolean
  readonly answersKept: number
}

const KINDS: readonly Kind[] = [
  {
    ...pages(PAGE_IMAGES),
    modes: {
      same: { atLeast: 0.75, aim: 0.9, reached: 0.5 },
      another: { atLeast: 0.25, aim: 0.5, reached: 0.15 },
      scattered: { atLeast: 0.12, aim: 0.25, reached: 0.02 },
    },
    viewers: [OWNER],
    isFlat: true,
    answersKept: 64,
  },
  {
    request: 'limit=25, If-None-Match',
    query: () => `limit=${PAGE_IMAGES}`,
    imagesAfter: PAGE_IMAGES,
    modes: { same: { atLeast: 0.75, aim: 0.9, reached: 0.4 } },
    viewers: [OWNER],
    isRevalidation: true,
    answersKept: 1,
  },
  {
    request: 'name',
    query: (image, size) => `name=${(image ?? benchDocument(size - OWN_FROM_LAST, size))['name']}`,
    imagesAfter: 0,
    modes: {
      same: { atLeast: 0.75, aim: 0.9, reached: 0.5 },
      another: { atLeast: 0.35, aim: 0.5, reached: 0.3 },
      scattered: undefined,
    },
    viewers: [OWNER],
    isFlat: true,
    answersKept: 64,
  },
  {
    request: 'status, changes-since, limit=25',
    query: (image, size) => {
      const { created_at } = image ?? benchDocument(size - NEWEST_IMAGES / 2, size)
      return `status=ACTIVE&changes-since=${created_at}&limit=${PAGE_IMAGES}`
    },
    imagesAfter: 0,
    modes: {
      same: undefined,
      another: { atLeast: 0.2, aim: 0.4, reached: 0.07 },
      scattered: undefined,
    },
    viewers: [OWNER],
    answersKept: 64,
  },
  {
    ...pages(100),
    modes: { same: { atLeast: 0.9, reached: 0.6 }, another: undefined },
    viewers: [OWNER],
    answersKept: 32,
  },
  {
    ...pages(1000),
    modes: {
      same: { atLeast: 1, reached: 0.7 },
      another: { atLeast: 0.25, aim: 0.5, reached: 0.12 },
    },
    viewers: [OWNER],
    answersKept: 8,
  },
  {
    ...pages(PAGE_IMAGES),
    modes: { another: undefined },
    viewers: [MEMBER, STRANGER, ADMIN],
    answersKept: 64,
  },
]

/** Every row of the throughput table. A repeated query costs every viewer the same. */
export const ROWS: readonly Row[] = KINDS.flatMap((kind) =>
  kind.viewers.flatMap((viewer) =>
    (Object.keys(kind.modes) as Mode[]).map((mode) => rowOf(kind, viewer, mode)),
  ),
)

function rowOf(kind: Kind, viewer: BenchViewer, mode: Mode): Row {
  return {
    request: kind.request,
    viewer,
    mode,
    isRevalidation: kind.isRevalidation === true,
    minimum: kind.modes[mode],
    isFlat: kind.isFlat === true && mode !== 'scattered',
    answersKept: mode === 'same' ? 1 : kind.answersKept,
    paths: (size) =>
      queries(kind, viewer, mode, size).map(
        (query) => `/v2.1/${viewer.project}/images/detail?${query}`,
      ),
  }
}

/** The first page, or the page after an image. */
function pages(limit: number): Pick<Kind, 'request' | 'query' | 'imagesAfter'> {
  return {
    request: `limit=${limit}`,
    query: (image) => `limit=${limit}${image === undefined ? '' : `&marker=${image['id']}`}`,
    imagesAfter: limit,
  }
}

function queries(kind: Kind, viewer: BenchViewer, mode: Mode, size: number): readonly string[] {
  if (mode === 'same') return [kind.query(undefined, size)]
  const images = mode === 'another' ? NEWEST_IMAGES : size
  const found: string[] = []
  for (let i = 1; i <= images && found.length < SCATTERED_QUERIES; i += 1) {
    const n = size - images + ((i * SCATTER) % images)
    if (!isDeep(n, size, kind.imagesAfter)) continue
    const image = benchDocument(n, size)
    if (image['name'] !== COMMON_NAME && sees(viewer, image)) found.push(kind.query(image, size))
  }
  return found
}

/** Shares no factor with any size, so that each image comes up once. */
const SCATTER = 618_033
/** A viewer sees at least one image in this many. */
const SEEN_SHARE = 4

/** Enough images come after it, or, in a small catalogue, most of those there are. */
function isDeep(n: number, size: number, imagesAfter: number): boolean {
  return n >= Math.min(imagesAfter * SEEN_SHARE, size * 0.9)
}

function sees(viewer: BenchViewer, image: ImageDocument): boolean {
  if (image['os_hidden'] === true) return false
  if (viewer === ADMIN || image['visibility'] === 'public') return true
  return (
    image['owner'] === viewer.project || (viewer === MEMBER && image['visibility'] === 'shared')
  )
}
