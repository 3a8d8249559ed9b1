/** A page, as each API is asked for it. */
export interface Page {
  readonly name: string
  /** The demands are made of the first page of 25. */
  readonly isDemanded: boolean
  /** Queries of `images/detail`, and of Glance's `images`. */
  readonly compute: string
  readonly image: string
}

/** @param ids of all images, newest first */
export function pagesOf(ids: readonly string[]): readonly Page[] {
  const middle = ids[Math.floor(ids.length / 2)] ?? ''
  const both = (name: string, query: string, isDemanded = false): Page => ({
    name,
    isDemanded,
    compute: query,
    image: query,
  })
  return [
    both('limit=25', 'limit=25', true),
    both('limit=25&marker=MIDDLE', `limit=25&marker=${middle}`),
    {
      name: 'status=ACTIVE&limit=25',
      isDemanded: false,
      compute: 'status=ACTIVE&limit=25',
      image: 'status=active&limit=25',
    },
    both('limit=200', 'limit=200'),
  ]
}
