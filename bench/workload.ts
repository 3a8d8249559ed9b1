import type { ImageDocument } from '../suites/import/generate.ts'
import { benchDocument, COMMON_NAME } from './documents.ts'
import { ADMIN, type BenchViewer, MEMBER, OWNER, STRANGER } from './viewers.ts'

/** One kind of request, measured at every size. */
export interface Row {
  readonly request: string
  readonly viewer: BenchViewer
  readonly mode: Mode
  /** A demand is made of it. */
  readonly isDemanded: boolean
  /** Answers that the bare server sends in turn. */
  readonly answersKept: number
  /** What is asked for, in turn, for a catalogue of that size. */
  paths(size: number): readonly string[]
}

/** The same query again and again, or another one each time. */
export type Mode = 'same' | 'another'

/** Other queries of a kind; with a parameter that is never the same, no query is asked twice. */
const QUERIES = 20_000
const PAGE_IMAGES = 25

type Queries = (size: number, viewer: BenchViewer, mode: Mode) => readonly string[]

const KINDS: readonly {
  readonly request: string
  readonly queries: Queries
  readonly viewers: readonly BenchViewer[]
  readonly isDemanded: boolean
  readonly answersKept: number
}[] = [
  {
    request: 'limit=25',
    queries: (...asked) => pages(PAGE_IMAGES, ...asked),
    viewers: [OWNER],
    isDemanded: true,
    answersKept: 64,
  },
  { request: 'name', queries: names, viewers: [OWNER], isDemanded: true, answersKept: 64 },
  {
    request: 'limit=100',
    queries: (...asked) => pages(100, ...asked),
    viewers: [OWNER],
    isDemanded: false,
    answersKept: 32,
  },
  {
    request: 'limit=1000',
    queries: (...asked) => pages(1000, ...asked),
    viewers: [OWNER],
    isDemanded: false,
    answersKept: 8,
  },
  {
    request: 'status, changes-since, limit=25',
    queries: recent,
    viewers: [OWNER],
    isDemanded: false,
    answersKept: 64,
  },
  {
    request: 'limit=25',
    queries: (...asked) => pages(PAGE_IMAGES, ...asked),
    viewers: [MEMBER, STRANGER, ADMIN],
    isDemanded: false,
    answersKept: 64,
  },
]

/** Every row of the throughput table. What is the same again costs every viewer the same. */
export const ROWS: readonly Row[] = KINDS.flatMap(({ viewers, queries, answersKept, ...kind }) =>
  viewers.flatMap((viewer) =>
    (viewer === OWNER ? (['same', 'another'] as const) : (['another'] as const)).map((mode) => ({
      ...kind,
      viewer,
      mode,
      answersKept: mode === 'same' ? 1 : answersKept,
      paths: (size: number) =>
        queries(size, viewer, mode).map(
          (query) => `/v2.1/${viewer.project}/images/detail?${query}`,
        ),
    })),
  ),
)

/** The first page, or pages after any image of the list; at the list's end they would be short. */
function pages(limit: number, size: number, viewer: BenchViewer, mode: Mode): readonly string[] {
  if (mode === 'same') return [`limit=${limit}`]
  const isDeep = (n: number) => n >= Math.min(limit * 4, size * 0.9)
  return sample(size, viewer, ({ id }, n) => isDeep(n) && `limit=${limit}&marker=${id}`)
}

function names(size: number, viewer: BenchViewer, mode: Mode): readonly string[] {
  const found = sample(size, viewer, ({ name }) => name !== COMMON_NAME && `name=${name}`)
  return mode === 'same' ? found.slice(0, 1) : found
}

/** Since a tenth of the images was made, or since any time from the first image to the last. */
function recent(size: number, viewer: BenchViewer, mode: Mode): readonly string[] {
  const since = ({ created_at }: ImageDocument) =>
    `status=ACTIVE&changes-since=${created_at}&limit=${PAGE_IMAGES}`
  if (mode === 'same') return [since(benchDocument(Math.floor(size * 0.9), size))]
  return sample(size, viewer, since)
}

/** Queries made of images that the viewer sees, scattered over the whole list. */
function sample(
  size: number,
  viewer: BenchViewer,
  query: (image: ImageDocument, n: number) => string | false,
): readonly string[] {
  const found: string[] = []
  for (let i = 1; i <= size && found.length < QUERIES; i += 1) {
    const n = (i * SCATTER) % size
    const image = benchDocument(n, size)
    const asked = sees(viewer, image) && query(image, n)
    if (asked !== false) found.push(asked)
  }
  return found
}

/** Shares no factor with any size, so that each image comes up once. */
const SCATTER = 618_033

function sees(viewer: BenchViewer, image: ImageDocument): boolean {
  if (image['os_hidden'] === true) return false
  if (viewer === ADMIN || image['visibility'] === 'public') return true
  return (
    image['owner'] === viewer.project || (viewer === MEMBER && image['visibility'] === 'shared')
  )
}
