import type { Image } from '../../image/image.ts'
import { isLarge, printLargeImage, printLargeImageBriefly } from './print-pieces.ts'
import type { LinkBases } from './view.ts'
import { printBriefImage, printImage, printParts } from './view.ts'

/** Printed together; images can be large, so a whole batch of the catalogue may be too much. */
const CHUNK_CHARACTERS = 256 * 1024

export interface ListForm {
  readonly bases: LinkBases
  readonly isBrief: boolean
  /** At most so many images are printed. */
  readonly limit: number
  /** What is printed is not kept for the next list. */
  readonly isPassing: boolean
}

/**
 * Prints the images of a list. What it holds between two chunks is the rest of the batch that it was
 * given, which is nothing for a batch of usual size.
 */
export class ListPrinter {
  readonly #form: ListForm
  #texts: Generator<string, void> | undefined
  #left: number
  #lastId: string | undefined
  #hasMore = false

  constructor(form: ListForm) {
    this.#form = form
    this.#left = form.limit
  }

  /** Whether all that was given is printed. */
  get isWaiting(): boolean {
    return this.#texts === undefined
  }

  /** The last image that was printed, if there are more than the limit. */
  get goesOnAfter(): string | undefined {
    return this.#hasMore ? this.#lastId : undefined
  }

  /** @returns false at the end of the batches */
  give({ done, value }: IteratorResult<readonly Image[], unknown>): boolean {
    if (done === true) return false
    this.#texts = this.#textsOf(value)
    return true
  }

  /** Of what was given, as much as is sent together. */
  print(): string {
    let text = ''
    while (this.#texts !== undefined && text.length < CHUNK_CHARACTERS) {
      const { value, done } = this.#texts.next()
      if (done === true) this.#texts = undefined
      else text += value
    }
    return text
  }

  *#textsOf(images: readonly Image[]): Generator<string, void> {
    for (const image of images) {
      if (this.#left === 0) {
        this.#hasMore = true
        return
      }
      if (this.#lastId !== undefined) yield ','
      this.#lastId = image.id
      this.#left -= 1
      if (isLarge(image)) yield* this.#large(image)
      else yield this.#usual(image)
    }
  }

  #usual(image: Image): string {
    const { bases, isBrief, isPassing } = this.#form
    const print = isBrief ? printBriefImage : printImage
    return print(image, bases, isPassing ? printParts(image) : undefined)
  }

  *#large(image: Image): Generator<string, void> {
    const { bases, isBrief } = this.#form
    if (isBrief) yield printLargeImageBriefly(image, bases)
    else yield* printLargeImage(image, bases)
  }
}
