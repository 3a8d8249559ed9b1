import { type ClientFamily, clientProgramOf } from './client-family.ts'

/** Programs send one of a few headers; a longer one is not remembered. */
const REMEMBERED_MAX = 1000
const REMEMBERED_CHARACTERS_MAX = 256

/** The client family of each `User-Agent`, worked out once for those that come often. */
export class ClientFamilies {
  readonly #remembered = new Map<string, ClientFamily>()

  familyOf(userAgent: string | undefined): ClientFamily {
    if (userAgent === undefined) return 'none'
    const known = this.#remembered.get(userAgent)
    if (known !== undefined) return known
    const { family } = clientProgramOf(userAgent)
    if (userAgent.length <= REMEMBERED_CHARACTERS_MAX) {
      if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear()
      this.#remembered.set(userAgent, family)
    }
    return family
  }
}
