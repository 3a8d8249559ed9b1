import type { Image, Member, Visibility } from '../../src/image/image.ts'
import { imageOf } from '../../test/catalogue/images.ts'

/** What an image was between two writes; undefined: it was not there. */
export type State = Image | undefined

interface Era {
  readonly state: State
  /** When the write that made it began; before that nobody can have seen it. */
  readonly begunMs: number
  /** When the write that ended it was acknowledged; after that nobody may see it. */
  endedMs: number
}

/** From before a request is sent until after its answer has come. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** All that was ever written to one image, by one writer at a time. */
export class History {
  readonly id: string
  #eras: Era[] = [
    { state: undefined, begunMs: Number.NEGATIVE_INFINITY, endedMs: Number.POSITIVE_INFINITY },
  ]

  constructor(id: string) {
    this.id = id
  }

  get now(): State {
    return this.#eras.at(-1)?.state
  }

  /** Carries out a write. */
  async write<T>(state: State, send: () => Promise<T>): Promise<T> {
    const before = this.#eras.at(-1)
    this.#eras.push({ state, begunMs: performance.now(), endedMs: Number.POSITIVE_INFINITY })
    const answer = await send()
    if (before !== undefined) before.endedMs = performance.now()
    return answer
  }

  /** Says more exactly what the last write made. */
  correct(state: Image): void {
    const last = this.#eras.pop()
    if (last !== undefined) this.#eras.push({ ...last, state })
  }

  /** Every state that the image can have been in while a request was answered. */
  states({ fromMs, toMs }: Span): readonly State[] {
    return this.#eras
      .filter(({ begunMs, endedMs }) => begunMs <= toMs && endedMs >= fromMs)
      .map(({ state }) => state)
  }

  /** Drops what nobody may see any more. @param fromMs when the oldest open request began */
  forgetBefore(fromMs: number): void {
    this.#eras = this.#eras.filter(({ endedMs }) => endedMs >= fromMs)
  }

  get isOver(): boolean {
    return this.#eras.length === 1 && this.now === undefined
  }
}

/** What the random writers change of an image. */
export interface Written {
  readonly id: string
  readonly name: string
  readonly owner: string
  readonly visibility: Visibility
  readonly isHidden: boolean
  /** Another one with each write. */
  readonly revision: string
  readonly createdAt: number
  readonly members: readonly Member[]
}

export function imageOfWritten({ revision, ...fields }: Written): Image {
  return imageOf(0, { ...fields, status: 'queued', properties: new Map([['revision', revision]]) })
}
