/** A page that every lane is asked for. */
export interface Page {
  readonly name: string
  /** The demands are made of the first page of 25. */
  readonly isDemanded: boolean
  /** Of `images/detail`, and of Glance's `images`: these parameters are the same in both. */
  readonly query: string
}

/** @param ids of all images, newest first */
export function pagesOf(ids: readonly string[]): readonly Page[] {
  const middle = ids[Math.floor(ids.length / 2)] ?? ''
  return [
    { name: 'limit=25', query: 'limit=25', isDemanded: true },
    { name: 'limit=25&marker=MIDDLE', query: `limit=25&marker=${middle}`, isDemanded: false },
    { name: 'limit=200', query: 'limit=200', isDemanded: false },
  ]
}
