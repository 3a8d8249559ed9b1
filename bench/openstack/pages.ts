/** A page that every lane is asked for. */
export interface Page {
  readonly name: string
  /**
   * What Afterimage is held to at least, with its cache off; undefined: nothing.
   */
  readonly ofGlanceMin: number | undefined
  /** Whether the demands beside Nova are made of it too. */
  readonly isBesideNova: boolean
  /** Of `images/detail`, and of Glance's `images`: these parameters are the same in both. */
  readonly query: string
  /** Whether it is another page with each request, one that nobody has asked for before. */
  readonly isNew: boolean
}

/** Of whom a page is asked; each has its own word for the time. */
export type Api = 'compute' | 'image'

/** @param ids of all images, newest first */
export function pagesOf(ids: readonly string[]): readonly Page[] {
  const middle = ids[Math.floor(ids.length / 2)] ?? ''
  const first = { query: 'limit=25', isBesideNova: false }
  const after = { query: `limit=25&marker=${middle}`, isBesideNova: false }
  return [
    {
      ...first,
      name: 'limit=25',
      isBesideNova: true,
      ofGlanceMin: 0.9,
      isNew: false,
    },
    { ...first, name: 'limit=25, new', ofGlanceMin: 0.95, isNew: true },
    {
      ...after,
      name: 'limit=25&marker=MIDDLE',
      ofGlanceMin: 0.9,
      isNew: false,
    },
    {
      ...after,
      name: 'limit=25&marker=MIDDLE, new',
      ofGlanceMin: 0.9,
      isNew: true,
    },
    {
      ...{ name: 'limit=200', query: 'limit=200', ofGlanceMin: undefined },
      ...{ isBesideNova: false, isNew: false },
    },
  ]
}

/**
 * The queries to ask one after another. Those of a new page differ in a time before every image, so
 * that all find the same images, and none is known from another.
 * @param begin how many were asked before
 */
export function queriesOf(page: Page, api: Api, begin: number, count: number): readonly string[] {
  if (!page.isNew) return [page.query]
  return Array.from({ length: count }, (_, n) => {
    const time = new Date((begin + n) * 1000).toISOString().replace('.000', '')
    const word = api === 'compute' ? `changes-since=${time}` : `updated_at=gte:${time}`
    return `${page.query}&${word}`
  })
}
