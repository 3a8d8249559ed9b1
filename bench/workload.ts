import type { ImageDocument } from '../suites/import/generate.ts'
import { benchDocument, COMMON_NAME } from './documents.ts'
import { ADMIN, type BenchViewer, MEMBER, OWNER, STRANGER } from './viewers.ts'

/**
 * `same`: one query again and again. `another`: another one each time, made of the newest images, as
 * many at every size. `scattered`: another one each time, made of images anywhere in the list.
 */
export type Mode = 'same' | 'another' | 'scattered'

/** One kind of request, measured at every size. */
export interface Row {
  readonly request: string
  readonly viewer: BenchViewer
  readonly mode: Mode
  /** Whether a demand is made of it. */
  readonly isDemanded: boolean
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
  readonly modes: readonly Mode[]
  readonly viewers: readonly BenchViewer[]
  readonly isDemanded: boolean
  readonly answersKept: number
}

const KINDS: readonly Kind[] = [
  {
    ...pages(PAGE_IMAGES),
    modes: ['same', 'another', 'scattered'],
    viewers: [OWNER],
    isDemanded: true,
    answersKept: 64,
  },
  {
    request: 'name',
    query: (image, size) => `name=${(image ?? benchDocument(size - OWN_FROM_LAST, size))['name']}`,
    imagesAfter: 0,
    modes: ['same', 'another', 'scattered'],
    viewers: [OWNER],
    isDemanded: true,
    answersKept: 64,
  },
  {
    request: 'status, changes-since, limit=25',
    query: (image, size) => {
      const { created_at } = image ?? benchDocument(size - NEWEST_IMAGES / 2, size)
      return `status=ACTIVE&changes-since=${created_at}&limit=${PAGE_IMAGES}`
    },
    imagesAfter: 0,
    modes: ['same', 'another', 'scattered'],
    viewers: [OWNER],
    isDemanded: false,
    answersKept: 64,
  },
  {
    ...pages(100),
    modes: ['same', 'another'],
    viewers: [OWNER],
    isDemanded: false,
    answersKept: 32,
  },
  {
    ...pages(1000),
    modes: ['same', 'another'],
    viewers: [OWNER],
    isDemanded: false,
    answersKept: 8,
  },
  {
    ...pages(PAGE_IMAGES),
    modes: ['another'],
    viewers: [MEMBER, STRANGER, ADMIN],
    isDemanded: false,
    answersKept: 64,
  },
]

/** Every row of the throughput table. A repeated query costs every viewer the same. */
export const ROWS: readonly Row[] = KINDS.flatMap((kind) =>
  kind.viewers.flatMap((viewer) => kind.modes.map((mode) => rowOf(kind, viewer, mode))),
)

function rowOf(kind: Kind, viewer: BenchViewer, mode: Mode): Row {
  return {
    request: kind.request,
    viewer,
    mode,
    isDemanded: kind.isDemanded && mode !== 'scattered',
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
