import type { Image } from './image.ts'

/** An image's place in a list: newest first, ties by id descending. It never changes. */
export interface Position {
  /** Unix seconds. */
  readonly createdAt: number
  readonly id: string
}

/** Negative when `a` comes before `b` in a list. */
export function compareInList(a: Position, b: Position): number {
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0
}

/** The place of an image, to go on from. */
export function positionOf(image: Image): Position {
  return { createdAt: image.createdAt, id: image.id }
}
