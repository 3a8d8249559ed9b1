import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ImageStore } from '../catalogue/catalogue.ts'
import type { Image } from '../image/image.ts'
import type { Piece } from './piece.ts'
import { type BadDocument, type GoodDocument, isBad, readPiece } from './read-piece.ts'
import { readSource, SourceError } from './read-source.ts'
import { DocumentSplitter } from './split-documents.ts'

/** A transaction has at most this many images, so that other writers get their turn. */
export const BATCH_IMAGES_MAX = 1000
/** This many bad documents are reported one by one; the others are counted. */
export const PROBLEMS_TOLD_MAX = 100
/** Owners beyond these are not told apart. */
const OWNERS_MAX = 10_000
/** The least time from one batch to the next: longer than a waiting writer sleeps between tries. */
const WRITERS_TURN_MS = 5

export interface ImportOptions {
  /** Paths; `-` is `stdin`. They are read in order. */
  readonly files: readonly string[]
  readonly stdin: Readable
  readonly store: Pick<ImageStore, 'putImages' | 'settle'>
  /** Whether to go on with the next document after a bad one. */
  readonly onBadDocument: 'skip' | 'stop'
  /** Images a transaction, at most (and by default) BATCH_IMAGES_MAX. */
  readonly batchSize?: number
  /** Called after each batch. */
  readonly onProgress?: (soFar: ImportCounts) => void
  /** Called for each bad document, as it is met. */
  readonly onProblem?: (problem: ImportProblem) => void
  /** Called at the end of each file in which something was left out: how often each field was. */
  readonly onLeftOut?: (file: string, counts: ReadonlyMap<string, number>) => void
  /** Ends the import before the next batch, also while it waits for bytes. */
  readonly signal?: AbortSignal
}

export interface ImportCounts {
  /** Documents met, good and bad. */
  readonly read: number
  /** Stored, new. */
  readonly created: number
  /** Stored, replacing another with the same id, also one from the same file. */
  readonly replaced: number
  /** Already there exactly so. */
  readonly unchanged: number
  readonly bad: number
  readonly elapsedMs: number
}

export interface ImportProblem extends Omit<BadDocument, 'line'> {
  /** As it was named; `-` for the standard input. */
  readonly file: string
  /** undefined when the file as a whole could not be read. */
  readonly line: number | undefined
}

export interface ImportReport extends ImportCounts {
  /** `stopped`: at a bad document, as asked; `aborted`: by the signal. */
  readonly ended: 'complete' | 'stopped' | 'aborted'
  /** The first of the bad ones, at most PROBLEMS_TOLD_MAX. */
  readonly problems: readonly ImportProblem[]
  /** Images by the project that owns them ('': none), of the first OWNERS_MAX projects. */
  readonly owners: ReadonlyMap<string, number>
}

/**
 * Stores the image documents in files: arrays, pages, or one a line, gzip or not. Each batch is one
 * transaction; an incomplete batch is not stored if the import is stopped or aborted.
 * @throws what `store.putImages` throws; the batches before that are stored.
 */
export async function importImages(options: ImportOptions): Promise<ImportReport> {
  const run = new ImportRun(options)
  for (const file of options.files) {
    await run.read(file)
    if (run.ended !== 'complete') break
  }
  await run.settle()
  return run.report()
}

/** A problem in one line: file, line, image, what is wrong. Control characters are escaped. */
export function printProblem({ file, line, id, message }: ImportProblem): string {
  const where = file === '-' ? 'standard input' : file
  const text = [where, ...(line === undefined ? [] : [`:${line}`])].join('')
  const printed = `${text}: ${id === undefined ? '' : `image ${id}: `}${message}`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
  return printed.replace(/[\x00-\x1f\x7f-\x9f]/g, escapeControl)
}

function escapeControl(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`
}

class ImportRun {
  ended: ImportReport['ended'] = 'complete'
  readonly #options: ImportOptions
  readonly #batchSize: number
  readonly #startedMs = performance.now()
  readonly #problems: ImportProblem[] = []
  readonly #owners = new Map<string, number>()
  readonly #leftOut = new Map<string, number>()
  #batch: Image[] = []
  #read = 0
  #created = 0
  #replaced = 0
  #unchanged = 0
  #bad = 0
  #storedMs = 0

  constructor(options: ImportOptions) {
    this.#options = options
    this.#batchSize = options.batchSize ?? BATCH_IMAGES_MAX
    if (!(this.#batchSize >= 1 && this.#batchSize <= BATCH_IMAGES_MAX)) {
      throw new RangeError(`batchSize must be from 1 to ${BATCH_IMAGES_MAX}`)
    }
  }

  async read(file: string): Promise<void> {
    const { stdin, signal } = this.#options
    const splitter = new DocumentSplitter()
    try {
      for await (const chunk of readSource(file, stdin, signal)) {
        await this.#handle(file, splitter.push(chunk))
        if (this.ended !== 'complete') return
      }
      await this.#handle(file, splitter.end())
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      if (signal?.aborted === true) this.ended = 'aborted'
      else this.#reject({ file, line: undefined, id: undefined, message: error.message })
    }
    if (this.ended === 'complete') await this.#flush()
    if (this.#leftOut.size > 0) this.#options.onLeftOut?.(file, new Map(this.#leftOut))
    this.#leftOut.clear()
  }

  /** Not after an abort: the stored data is complete, only its index is not tidied. */
  async settle(): Promise<void> {
    if (this.ended !== 'aborted' && this.#created + this.#replaced > 0) {
      await this.#options.store.settle()
    }
  }

  report(): ImportReport {
    return {
      ...this.#counts(),
      ended: this.ended,
      problems: this.#problems,
      owners: this.#owners,
    }
  }

  #counts(): ImportCounts {
    return {
      read: this.#read,
      created: this.#created,
      replaced: this.#replaced,
      unchanged: this.#unchanged,
      bad: this.#bad,
      elapsedMs: performance.now() - this.#startedMs,
    }
  }

  async #handle(file: string, pieces: readonly Piece[]): Promise<void> {
    for (const piece of pieces) {
      const read = readPiece(piece)
      this.#read += 1
      if (isBad(read)) this.#reject({ file, ...read })
      else this.#take(read)
      if (this.#batch.length >= this.#batchSize) await this.#flush()
      if (this.ended !== 'complete') return
    }
  }

  #take({ image, leftOut }: GoodDocument): void {
    this.#batch.push(image)
    const owner = image.owner ?? ''
    if (this.#owners.size < OWNERS_MAX || this.#owners.has(owner)) addOne(this.#owners, owner)
    for (const field of leftOut) addOne(this.#leftOut, field)
  }

  #reject(problem: ImportProblem): void {
    this.#bad += 1
    if (this.#problems.length < PROBLEMS_TOLD_MAX) this.#problems.push(problem)
    this.#options.onProblem?.(problem)
    if (this.#options.onBadDocument === 'stop') this.ended = 'stopped'
  }

  async #flush(): Promise<void> {
    if (this.#options.signal?.aborted === true) this.ended = 'aborted'
    if (this.ended !== 'complete' || this.#batch.length === 0) return
    const restMs = this.#storedMs + WRITERS_TURN_MS - performance.now()
    if (restMs > 0) await sleep(restMs)
    const batch = this.#batch
    this.#batch = []
    const { created, replaced, unchanged } = await this.#options.store.putImages(batch)
    this.#created += created
    this.#replaced += replaced
    this.#unchanged += unchanged
    this.#storedMs = performance.now()
    this.#options.onProgress?.(this.#counts())
  }
}

function addOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
