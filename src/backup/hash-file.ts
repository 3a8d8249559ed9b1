import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { DataRow } from '../catalogue/sqlite/data-rows.ts'
import type { Watch } from './progress.ts'

const READ_BYTES = 1024 * 1024
/** Algorithms that the Image service offers for `os_hash_algo`, as Node calls them. */
const ALGORITHMS: ReadonlySet<string> = new Set(['sha512', 'sha384', 'sha256', 'sha1', 'md5'])

/** The hash that an image's data must have. */
export interface ExpectedHash {
  readonly algorithm: string
  /** Lower-case hex. */
  readonly value: string
}

/** The stronger one if a row has two; undefined if it has none. */
export function expectedHash(row: DataRow): ExpectedHash | undefined {
  const { hashAlgorithm, hashValue, checksum } = row
  if (hashAlgorithm !== null && hashValue !== null && ALGORITHMS.has(hashAlgorithm)) {
    return { algorithm: hashAlgorithm, value: hashValue.toLowerCase() }
  }
  return checksum === null ? undefined : { algorithm: 'md5', value: checksum.toLowerCase() }
}

/** Reads a whole file. @returns what is wrong with its hash; undefined if it is the expected one */
export async function hashProblem(
  path: string,
  { algorithm, value }: ExpectedHash,
  { signal, show }: Watch,
): Promise<string | undefined> {
  const hash = createHash(algorithm)
  let bytes = 0
  const pieces = createReadStream(path, { highWaterMark: READ_BYTES, signal })
  for await (const piece of pieces as AsyncIterable<Buffer>) {
    hash.update(piece)
    bytes += piece.length
    show(() => `${path}: ${bytes} bytes read`)
  }
  const found = hash.digest('hex')
  return found === value ? undefined : `its ${algorithm} is ${found}, its image's row says ${value}`
}
