/** What a query asks of the fields of an item in a list. */
type View = Readonly<Record<string, unknown>>

/**
 * Those of the views that have what the query asks of `fields`; a field that the views do not have
 * is no filter. Mirrors wrap_collection of keystone/server/flask/common.py.
 */
export function filtered<V extends View>(
  views: readonly V[],
  query: URLSearchParams,
  fields: readonly string[],
): V[] {
  return views.filter((view) =>
    fields.every((field) => {
      const asked = query.get(field)
      if (asked === null || !Object.hasOwn(view, field)) return true
      const value = view[field]
      return typeof value === 'boolean'
        ? String(value) === asked.toLowerCase()
        : String(value) === asked
    }),
  )
}

/**
 * Whether a parameter is there and not `0`, whatever else it says: `?effective` and
 * `?effective=False` are both true. Mirrors query_filter_is_true of the same file.
 */
export function isAskedFor(query: URLSearchParams, name: string): boolean {
  return query.has(name) && query.get(name) !== '0'
}
