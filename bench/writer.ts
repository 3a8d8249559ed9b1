import { setTimeout as sleep } from 'node:timers/promises'
import { openSqliteCatalogue } from '../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../src/database/database.ts'
import { readDocument } from '../src/image/document.ts'
import type { Image } from '../src/image/image.ts'
import { imageDocument } from '../suites/import/generate.ts'

/**
 * Another process of the data folder: it writes new images, one at a time, as fast as it is told.
 * Arguments: the database's file, and how many images are in it.
 */

const WRITES_PER_SECOND = 200
/** Nobody who is measured is in it. */
const PROJECT = 'cafe'.repeat(8)

export type WriterOrder =
  | { readonly kind: 'write'; readonly visibility: 'private' | 'public' }
  | { readonly kind: 'rest' }

/** What came of an order to write, once it is over. */
export interface Written {
  readonly images: number
  readonly seconds: number
}

const [file = '', size = ''] = process.argv.slice(2)
const database = new Database(file)
const catalogue = openSqliteCatalogue(database)
let next = Number(size)
let isWriting = false
let writing: Promise<Written> = Promise.resolve({ images: 0, seconds: 0 })

process.on('message', async (order: WriterOrder) => {
  if (order.kind === 'write') {
    isWriting = true
    writing = write(order.visibility)
    process.send?.('writing')
  } else {
    isWriting = false
    process.send?.(await writing)
  }
})
process.on('disconnect', () => {
  database.close()
  process.exit()
})
process.send?.('ready')

async function write(visibility: 'private' | 'public'): Promise<Written> {
  const startMs = performance.now()
  const seconds = () => (performance.now() - startMs) / 1000
  let images = 0
  while (isWriting) {
    if (images < seconds() * WRITES_PER_SECOND) {
      await catalogue.putImages([newestImage(visibility)])
      images += 1
    } else {
      await sleep(1)
    }
  }
  return { images, seconds: seconds() }
}

/** Newer than all others, so that a public one is on everybody's first page. */
function newestImage(visibility: 'private' | 'public'): Image {
  const document = imageDocument(next)
  next += 1
  return readDocument({ ...document, owner: PROJECT, visibility, os_hidden: false, members: [] })
}
