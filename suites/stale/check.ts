import type { Image } from '../../src/image/image.ts'
import { compareInList } from '../../src/image/order.ts'
import type { History, Span, State } from './history.ts'

/** An image of an answer, of whichever API. */
export interface Shown {
  readonly id: string
  readonly name: string | null
  /** undefined where the API does not show it. */
  readonly revision?: string | undefined
}

/** What a page should show, but for the time at which it is asked for. */
export interface Page {
  readonly isFor: (image: Image) => boolean
  /** Infinity: all. */
  readonly limit: number
  readonly after?: Image | undefined
}

/** @returns what is wrong with one image's answer; undefined: nothing */
export function wrongImage(
  shown: Shown | undefined,
  history: History,
  span: Span,
  isSeen: (image: Image) => boolean,
): string | undefined {
  const states = history.states(span)
  const isRight = states.some((state) =>
    shown === undefined ? state === undefined || !isSeen(state) : isShown(state, shown, isSeen),
  )
  return isRight ? undefined : `${describe(shown)} of ${history.id}, which was ${all(states)}`
}

/** @returns what is wrong with a page; undefined: nothing */
export function wrongPage(
  shown: readonly Shown[],
  histories: ReadonlyMap<string, History>,
  span: Span,
  page: Page,
): string | undefined {
  const { limit, after } = page
  const isIn = (image: Image) =>
    page.isFor(image) && (after === undefined || compareInList(image, after) > 0)
  if (shown.length > limit) return `${shown.length} images where ${limit} were asked for`
  let last: Image | undefined
  for (const one of shown) {
    const states = histories.get(one.id)?.states(span) ?? []
    const state = states.find((state) => isShown(state, one, isIn))
    if (state === undefined) return `${describe(one)} is shown, which was ${all(states)}`
    if (last !== undefined && compareInList(last, state) >= 0) return `${one.id} is out of order`
    last = state
  }
  const ids = new Set(shown.map(({ id }) => id))
  const isFull = shown.length === limit
  for (const history of histories.values()) {
    if (ids.has(history.id)) continue
    const states = history.states(span)
    const isDue = states.every(
      (state) =>
        state !== undefined &&
        isIn(state) &&
        !(isFull && (last === undefined || compareInList(state, last) > 0)),
    )
    if (isDue) return `${history.id} is missing, which was ${all(states)}`
  }
  return undefined
}

function isShown(state: State, shown: Shown, isSeen: (image: Image) => boolean): boolean {
  if (state === undefined || state.name !== shown.name || !isSeen(state)) return false
  return shown.revision === undefined || state.properties.get('revision') === shown.revision
}

function describe(shown: Shown | undefined): string {
  return shown === undefined ? 'nothing' : `revision ${shown.revision} "${shown.name}" ${shown.id}`
}

function all(states: readonly State[]): string {
  const texts = states.map((state) =>
    state === undefined
      ? 'not there'
      : `revision ${state.properties.get('revision')} "${state.name}" ${state.visibility}${state.isHidden ? ' hidden' : ''} of ${state.owner} with ${JSON.stringify(state.members.map(({ project, status }) => [project, status]))}`,
  )
  return texts.length === 0 ? 'never there' : texts.join(', or ')
}
