import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Chance } from '../fuzz/chance.ts'
import { create, importStaged, request, send } from '../image-data/client.ts'

const LOOK_INTERVAL_MS = 20
const BYTES_MAX = 1_500_000
const IMAGES_MAX = 60

/** What was asked of an image, and when: the numbers count what was asked and answered in all. */
export interface Life {
  readonly sha512: string
  /** When its upload or staging was answered. */
  storedAt?: number
  deletionAskedAt?: number
  deletionAnsweredAt?: number
}

/** Callers that store and delete images, until they are told to stop. */
export class Load {
  readonly lives = new Map<string, Life>()
  #clock = 0
  #isStopped = false
  readonly #port: number
  readonly #noise: Buffer
  readonly #works: readonly Promise<void>[]

  constructor(port: number, seed: number, callers: number) {
    this.#port = port
    this.#noise = Buffer.alloc(BYTES_MAX)
    for (let i = 0; i < BYTES_MAX; i += 4) {
      this.#noise.writeInt32LE(Math.imul(i + seed, 0x9e3779b1), i)
    }
    this.#works = new Chance(seed)
      .times(callers, () => seed)
      .map((_, index) => this.#work(new Chance(seed + index + 1)))
  }

  /** A number above those of all that was answered, and below those of all that will be asked. */
  now(): number {
    this.#clock += 1
    return this.#clock
  }

  /** Waits until so many images are stored. */
  async until(count: number): Promise<void> {
    const stored = () => [...this.lives.values()].filter(({ storedAt }) => storedAt !== undefined)
    while (stored().length < count) {
      await Promise.race([...this.#works, sleep(LOOK_INTERVAL_MS)])
    }
  }

  /** @throws what a caller met */
  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#works)
  }

  async #work(chance: Chance): Promise<void> {
    while (!this.#isStopped) {
      const whole = [...this.lives].filter(
        ([, { storedAt, deletionAskedAt }]) =>
          storedAt !== undefined && deletionAskedAt === undefined,
      )
      const doomed = whole[chance.below(whole.length)]
      if (doomed !== undefined && (whole.length > IMAGES_MAX || chance.is(30))) {
        await this.#delete(...doomed)
      } else {
        await this.#store(chance)
      }
    }
  }

  async #delete(id: string, life: Life): Promise<void> {
    life.deletionAskedAt = this.now()
    const { status } = await request(this.#port, 'DELETE', `/${id}`)
    if (status !== 204) throw new Error(`${id} was not deleted: ${status}`)
    life.deletionAnsweredAt = this.now()
  }

  async #store(chance: Chance): Promise<void> {
    const id = await create(this.#port)
    const length = chance.is(50) ? chance.below(1000) : chance.below(BYTES_MAX)
    const from = chance.below(BYTES_MAX - length)
    const bytes = new Uint8Array(this.#noise.subarray(from, from + length))
    const life: Life = { sha512: createHash('sha512').update(bytes).digest('hex') }
    this.lives.set(id, life)
    const isStaged = chance.is(30)
    const status = await send(this.#port, id, isStaged ? 'stage' : 'file', bytes)
    if (status !== 204) throw new Error(`${id} was not stored: ${status}`)
    life.storedAt = this.now()
    if (!isStaged || chance.is(40)) return
    const imported = await importStaged(this.#port, id)
    // Another caller may have deleted it by now.
    if (![202, 404].includes(imported)) throw new Error(`${id} was not imported: ${imported}`)
  }
}
