import { addUser, command, type Product, serve } from '../../bench/product.ts'
import type { Viewer } from '../../src/image/visibility.ts'
import { Chance } from '../fuzz/chance.ts'
import { History, type Span } from './history.ts'

/** Who asks, signed in to a project of their own. */
export interface Asker {
  readonly name: string
  readonly viewer: Viewer & { readonly project: string }
  readonly token: string
}

const PROJECTS = { owner: 'a', member: 'b', stranger: 'c', other: 'd', admin: 'e' } as const
type AskerName = keyof typeof PROJECTS

export function projectOf(name: AskerName): string {
  return PROJECTS[name].repeat(32)
}

/** Several processes on one data folder, everything that was written, and who asks. */
export class World implements AsyncDisposable {
  readonly data: string
  readonly chance: Chance
  readonly servers: readonly Product[]
  readonly askers: Readonly<Record<AskerName, Asker>>
  readonly histories = new Map<string, History>()
  readonly creations = new Set<Promise<unknown>>()
  readonly #open = new Set<number>()
  #revisions = 0

  private constructor(
    data: string,
    seed: number,
    servers: readonly Product[],
    askers: Readonly<Record<AskerName, Asker>>,
  ) {
    this.data = data
    this.chance = new Chance(seed)
    this.servers = servers
    this.askers = askers
  }

  static async open(data: string, seed: number): Promise<World> {
    const names = Object.keys(PROJECTS) as AskerName[]
    const add = (name: AskerName) =>
      addUser(data, name, projectOf(name), name === 'admin' ? 'admin' : 'member')
    await add('admin') // which makes the catalogue
    await Promise.all(names.filter((name) => name !== 'admin').map(add))
    const servers = [await serve(data, ['--workers', '2']), await serve(data), await serve(data)]
    const askers = {} as Record<AskerName, Asker>
    for (const [at, name] of names.entries()) {
      // A token of any of them is good at all of them.
      const token = await (servers[at % servers.length] as Product).signIn(name)
      const viewer = { project: projectOf(name), isAdmin: name === 'admin' }
      askers[name] = { name, viewer, token }
    }
    return new World(data, seed, servers, askers)
  }

  revision(): string {
    this.#revisions += 1
    return `${this.#revisions}`
  }

  newHistory(id: string): History {
    const history = new History(id)
    this.histories.set(id, history)
    return history
  }

  /** Runs a request, and then its check, which is told from when until when it was open. */
  async during<T>(ask: () => Promise<T>, check: (answer: T, span: Span) => void): Promise<void> {
    const fromMs = performance.now()
    this.#open.add(fromMs)
    try {
      const answer = await ask()
      const span = { fromMs, toMs: performance.now() }
      // What is being created may be in the answer, and only its creation says when it was created.
      await Promise.all(this.creations)
      check(answer, span)
    } finally {
      this.#open.delete(fromMs)
    }
  }

  /** Forgets images that are gone for all requests that are open. */
  tidy(): void {
    const fromMs = Math.min(performance.now(), ...this.#open)
    for (const [id, history] of this.histories) {
      history.forgetBefore(fromMs)
      if (history.isOver) this.histories.delete(id)
    }
  }

  async importImages(lines: readonly string[]): Promise<void> {
    await command(['import', '-', '--json', '--data', this.data], lines)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server[Symbol.asyncDispose]()
  }
}
