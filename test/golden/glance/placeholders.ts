/** The callers whose token or project may occur in a record. */
export interface Party {
  readonly token: string
  /** The project's id. */
  readonly project: string
}

export interface World {
  readonly parties: Readonly<Record<'member' | 'reader' | 'other' | 'admin', Party>>
  /** What links begin with. */
  readonly base: string
  readonly keystone: string
  /** Eight hex digits, a letter among them, that no other run over the same catalogue has. */
  readonly run: string
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi
/** Also as it stands in a query. */
const TIME = /\d{4}-\d\d-\d\dT\d\d(:|%3A)\d\d\1\d\d(\.\d+)?Z?/g
/** In capitals for an id in capitals. */
const IMAGE = /\{(image|IMAGE):([\w-]+)\}/g

/** Replaces values that differ from run to run by names, and back. */
export class Placeholders {
  readonly #world: World
  readonly #fixed: readonly (readonly [string, string])[]
  readonly #ids = new Map<string, string>()
  readonly #times = new Map<string, string>()
  #count = 0

  constructor(world: World) {
    this.#world = world
    const { parties } = world
    this.#fixed = [
      ['{token:member}', parties.member.token],
      ['{token:reader}', parties.reader.token],
      ['{token:other}', parties.other.token],
      ['{token:admin}', parties.admin.token],
      ['{project:member}', parties.member.project],
      ['{project:other}', parties.other.project],
      ['{project:admin}', parties.admin.project],
      ['{base}', world.base],
      ['{host}', new URL(world.base).host],
      ['{keystone}', world.keystone],
    ]
  }

  /** To be called where a story begins: its labels are its own, and no id comes twice. */
  forget(): void {
    this.#ids.clear()
    this.#times.clear()
  }

  /** Ids are made up in rising order, so that images made in one second have an order too. */
  fill(text: string): string {
    let filled = text.replaceAll(IMAGE, (_, kind, label) =>
      kind === 'image' ? this.#idOf(label) : this.#idOf(label).toUpperCase(),
    )
    for (const [name, value] of [...this.#fixed, ...this.#times]) {
      filled = filled.replaceAll(name, value)
    }
    return filled
  }

  #idOf(label: string): string {
    const known = this.#ids.get(label)
    if (known !== undefined) return known
    this.#count += 1
    const id = `${this.#world.run}-0000-4000-8000-${String(this.#count).padStart(12, '0')}`
    this.#ids.set(label, id)
    return id
  }

  /**
   * Remembers the values of an answer: an id under a label, and `{created:LABEL}`,
   * `{updated:LABEL}`.
   */
  learn(body: unknown, captures: string | undefined): void {
    if (typeof body !== 'object' || body === null || !('id' in body)) return
    const id = String(body.id)
    if (captures !== undefined) this.#ids.set(captures, id)
    for (const [label, known] of this.#ids) {
      if (known !== id) continue
      if ('created_at' in body) this.#times.set(`{created:${label}}`, String(body.created_at))
      if ('updated_at' in body) this.#times.set(`{updated:${label}}`, String(body.updated_at))
    }
  }

  unfill(text: string): string {
    let named = text
    for (const [label, id] of this.#ids) {
      named = named.replaceAll(id, `{image:${label}}`)
      named = named.replaceAll(id.toUpperCase(), `{IMAGE:${label}}`)
    }
    for (const [name, value] of this.#fixed) named = named.replaceAll(value, name)
    return named.replaceAll(UUID, '{uuid}').replaceAll(TIME, '{time}')
  }
}

/** An answer's body in the form it is recorded in. */
export function recordedBody(text: string, contentType: string, isWhole: boolean): unknown {
  if (!contentType.startsWith('application/json') || text === '') return text
  const body: unknown = JSON.parse(text)
  if (isWhole || typeof body !== 'object' || body === null) return body
  if (!('images' in body) || !Array.isArray(body.images)) return body
  return { ...body, images: body.images.map(({ id }: { id: string }) => id), $brief: true }
}
