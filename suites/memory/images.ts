import { join } from 'node:path'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import { PROPERTY_VALUE_BYTES_MAX, readDocument } from '../../src/image/document.ts'
import type { Image } from '../../src/image/image.ts'
import { DATABASE_FILE } from '../../src/server/serve.ts'
import { imageDocument } from '../import/generate.ts'

const BATCH_IMAGES = 1000

/** Puts images into a data folder, beside whoever serves it. */
export async function fill(
  data: string,
  images: number,
  make: (n: number) => Image,
  batchImages = BATCH_IMAGES,
): Promise<void> {
  using database = new Database(join(data, DATABASE_FILE))
  const catalogue = openSqliteCatalogue(database)
  for (let from = 0; from < images; from += batchImages) {
    const count = Math.min(batchImages, images - from)
    await catalogue.putImages(Array.from({ length: count }, (_, n) => make(from + n)))
  }
  await catalogue.settle()
}

/** As the import suite's, of everybody. */
export function usualImage(n: number): Image {
  return { ...readDocument(imageDocument(n)), visibility: 'public', isHidden: false, members: [] }
}

/** As many properties as the Image API takes, each as long as it takes. */
export function largestImage(n: number): Image {
  const value = String.fromCharCode(97 + (n % 26)).repeat(PROPERTY_VALUE_BYTES_MAX)
  const properties = new Map(Array.from({ length: 128 }, (_, at) => [`text_${at}`, value]))
  return { ...usualImage(n), properties }
}
