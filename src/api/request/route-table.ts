/** Finding what a method on a path does, in a face's table of routes. */

export interface Route<Operation extends string> {
  /** Decoded segments; a `:name` takes any one segment. */
  readonly path: readonly string[]
  readonly operations: Readonly<Partial<Record<Method, Operation>>>
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export type RouteMatch<R extends Route<string>> =
  | {
      readonly kind: 'operation'
      readonly route: R
      readonly operation: NonNullable<R['operations'][Method]>
    }
  /** The path is known, the method is not. */
  | { readonly kind: 'method'; readonly allow: string }
  | { readonly kind: 'none' }

/**
 * HEAD is allowed wherever GET is. The first route that matches path and method is used, so a fixed
 * segment must come before a variable one.
 */
export function matchRoute<R extends Route<string>>(
  routes: readonly R[],
  method: string,
  segments: readonly string[],
): RouteMatch<R> {
  const asked = method === 'HEAD' ? 'GET' : method
  let first: R | undefined
  for (const route of routes) {
    if (!fits(route.path, segments)) continue
    first ??= route
    const operations: R['operations'] = route.operations
    const operation = Object.hasOwn(operations, asked) ? operations[asked as Method] : undefined
    if (operation !== undefined) return { kind: 'operation', route, operation }
  }
  return first === undefined ? { kind: 'none' } : { kind: 'method', allow: allowedBy(first) }
}

/** The path of the first route that has an operation, such as `images/:id`. */
export function pathOf(routes: readonly Route<string>[], operation: string): string | undefined {
  const route = routes.find(({ operations }) => Object.values(operations).includes(operation))
  return route?.path.join('/')
}

/** The value of `Allow` for a path: that of the most specific route. */
export function allowFor(routes: readonly Route<string>[], segments: readonly string[]): string {
  const route = routes.find(({ path }) => fits(path, segments))
  return route === undefined ? 'OPTIONS' : allowedBy(route)
}

function allowedBy(route: Route<string>): string {
  const methods = Object.keys(route.operations).flatMap((m) =>
    m === 'GET' ? ['GET', 'HEAD'] : [m],
  )
  return [...methods, 'OPTIONS'].join(', ')
}

function fits(path: readonly string[], segments: readonly string[]): boolean {
  return (
    path.length === segments.length &&
    path.every((part, i) => part.startsWith(':') || part === segments[i])
  )
}
