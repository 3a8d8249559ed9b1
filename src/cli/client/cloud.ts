/** How to sign in to a cloud, in the words of clouds.yaml. */
export interface Cloud {
  /** For messages: where this was read. */
  readonly origin: string
  /** undefined only together with `token` and `endpoint`. */
  readonly authUrl: string | undefined
  readonly credentials: Credentials
  readonly scope: Scope | undefined
  readonly region: string | undefined
  /** Which of a service's endpoints: public, internal or admin. */
  readonly interface: string
  /** The compute endpoint, in place of the service catalogue's. */
  readonly endpoint: string | undefined
  /** The image endpoint, in place of the service catalogue's. */
  readonly imageEndpoint: string | undefined
  /** Path of a file of certificates to trust. */
  readonly caFile: string | undefined
}

export type Named =
  | { readonly id: string }
  | { readonly name: string; readonly domain: { readonly id: string } | { readonly name: string } }

export type Credentials =
  | { readonly method: 'password'; readonly user: Named; readonly password: string }
  | { readonly method: 'token'; readonly token: string }
  | {
      readonly method: 'application_credential'
      readonly secret: string
      readonly id: string | undefined
      readonly name: string | undefined
      readonly user: Named | undefined
    }

export interface Scope {
  readonly project: Named
}
