import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { ImageStore } from '../catalogue/catalogue.ts'
import { writeDocument } from '../image/document.ts'
import type { Image } from '../image/image.ts'

export interface ExportOptions {
  /** `array`: one JSON array; `lines`: one document a line. Either way a document is one line. */
  readonly format: 'array' | 'lines'
  readonly gzip: boolean
  readonly signal?: AbortSignal
}

type ExportedStore = Pick<ImageStore, 'exportImages'>

/**
 * Writes every image of a store to `sink`, oldest first, as documents that import reads, as fast as
 * the sink takes them, and ends the sink (but not standard output).
 * @returns how many images were written.
 */
export async function exportImages(
  store: ExportedStore,
  sink: Writable,
  options: ExportOptions,
): Promise<number> {
  const count = { images: 0 }
  const text = options.format === 'array' ? printArray(store, count) : printLines(store, count)
  const settings = options.signal === undefined ? {} : { signal: options.signal }
  if (options.gzip) await pipeline(text, createGzip(), sink, settings)
  else await pipeline(text, sink, settings)
  return count.images
}

interface Count {
  images: number
}

async function* printLines(store: ExportedStore, count: Count): AsyncGenerator<string, void> {
  for await (const images of store.exportImages()) {
    count.images += images.length
    if (images.length > 0) yield `${images.map(print).join('\n')}\n`
  }
}

async function* printArray(store: ExportedStore, count: Count): AsyncGenerator<string, void> {
  yield '['
  for await (const images of store.exportImages()) {
    if (images.length === 0) continue
    yield `${count.images === 0 ? '\n' : ',\n'}${images.map(print).join(',\n')}`
    count.images += images.length
  }
  yield '\n]\n'
}

function print(image: Image): string {
  return JSON.stringify(writeDocument(image))
}
