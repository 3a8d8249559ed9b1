import type { Image } from '../../image/image.ts'
import type { ImageQuery } from '../../image/query.ts'
import type { Viewer } from '../../image/visibility.ts'
import type { Asker, Catalogue, Freshness, ListWindow } from '../catalogue.ts'

/** One list as one asker wants it. */
export interface AskedList {
  readonly inner: Catalogue
  readonly asker: Asker
  readonly project: string
  readonly viewer: Viewer
  readonly query: ImageQuery
  readonly window: ListWindow
  /** Settles when the asker waits no more. */
  readonly gone: Promise<void>
  readonly tellFreshness: (freshness: Freshness | undefined) => void
}

/**
 * The image after a write; 'gone': deleted, or changed in an unknown way; 'missing': there was no
 * such image; 'unknown': the write may or may not have been done.
 */
export type Written = Image | 'gone' | 'missing' | 'unknown'

/** The short memory as the catalogue of one request sees it. */
export interface ListMemory {
  read(asked: AskedList): AsyncGenerator<readonly Image[], void>
  /** To be called after a write. */
  forget(project: string, id: string, outcome: Written): void
}
