/** Where a face is reached from outside: a configured URL, or the caller's host with the face's port. */
export interface Endpoint {
  /** Without a slash at its end. */
  readonly publicUrl: string | undefined
  /** The port it listens on; read late, since with port 0 it is only known once it listens. */
  readonly port: () => number
  /** Where services differ in it; undefined: as the caller reached the other one. */
  readonly scheme?: 'http' | 'https' | undefined
}

/** The address of another face, seen by a caller who reached this one at `base`. */
export function endpointUrl(base: string, endpoint: Endpoint): string {
  if (endpoint.publicUrl !== undefined) return endpoint.publicUrl
  const { protocol, hostname } = new URL(base)
  const scheme = endpoint.scheme === undefined ? protocol : `${endpoint.scheme}:`
  return `${scheme}//${hostname}:${endpoint.port()}`
}
