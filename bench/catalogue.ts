import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { documentLines } from './documents.ts'
import { addUser, command, serve } from './product.ts'
import { VIEWERS } from './viewers.ts'

/** Documents handed to the import at a time. */
const PIECE_DOCUMENTS = 1000

/** A data folder with images and users in it. */
export interface BuiltCatalogue {
  readonly size: number
  readonly data: string
  readonly importedPerSecond: number
  readonly bytesPerImage: number
}

/** Fills a new data folder by the product's own commands. */
export async function buildCatalogue(folder: string, size: number): Promise<BuiltCatalogue> {
  const data = join(folder, `images-${size}`)
  await mkdir(data)
  await addUsers(data)
  const printed = await command(['import', '-', '--json', '--data', data], pieces(size))
  const { created, elapsedMs } = JSON.parse(printed)
  if (created !== size) throw new Error(`${created} of ${size} images were imported`)
  return {
    size,
    data,
    importedPerSecond: (size * 1000) / elapsedMs,
    bytesPerImage: (await bytesIn(data)) / size,
  }
}

/** The first start makes what users are added to. */
async function addUsers(data: string): Promise<void> {
  await using _firstStart = await serve(data)
  for (const { name, project, role } of VIEWERS) await addUser(data, name, project, role)
}

function* pieces(size: number): Iterable<string> {
  for (let from = 0; from < size; from += PIECE_DOCUMENTS) {
    yield documentLines(from, Math.min(size, from + PIECE_DOCUMENTS), size)
  }
}

async function bytesIn(data: string): Promise<number> {
  const names = (await readdir(data)).filter((name) => name.endsWith('.db'))
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(data, name))).size))
  return sizes.reduce((sum, bytes) => sum + bytes, 0)
}
