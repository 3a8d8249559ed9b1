import type { Reads } from '../../database/readers.ts'
import type { GlanceStatus } from '../../image/image.ts'
import { idBytes, idText } from './image-rows.ts'

/** What an image's row says of its data. The columns are those of every version of the file. */
export interface DataRow {
  readonly id: string
  readonly status: GlanceStatus
  readonly sizeBytes: number | null
  /** MD5, lower-case hex. */
  readonly checksum: string | null
  readonly hashAlgorithm: string | null
  readonly hashValue: string | null
}

const SELECT = `SELECT id, status, size_bytes, checksum, hash_algorithm, hash_value FROM images`

/** Those that were written after that revision, or all; one at a time. */
export function* dataRows(reads: Reads, afterRevision = -1): Generator<DataRow> {
  const rows = reads.prepare(`${SELECT} WHERE revision > ?`).iterate(afterRevision)
  for (const row of rows) yield dataRow(row)
}

/** The next rows after that id, or the first, in the order of ids. */
export function dataRowPage(
  reads: Reads,
  afterId: string | undefined,
  limit: number,
): readonly DataRow[] {
  const after = idBytes(afterId ?? '') ?? Buffer.alloc(0)
  const page = reads.prepare(`${SELECT} WHERE id > ? ORDER BY id LIMIT ?`)
  return page.all(after, limit).map(dataRow)
}

/** Gives the row of one image, as often as it is asked. */
export function dataRowFinder(reads: Reads): (id: string) => DataRow | undefined {
  const byId = reads.prepare(`${SELECT} WHERE id = ?`)
  return (id) => {
    const row = byId.get(idBytes(id) ?? Buffer.alloc(0))
    return row === undefined ? undefined : dataRow(row)
  }
}

/** The last revision so far: every later write of a row has a higher one. */
export function lastRevision(reads: Reads): number {
  return Number(reads.prepare('SELECT revision FROM catalogue_revision').get()?.['revision'])
}

function dataRow(row: Readonly<Record<string, unknown>>): DataRow {
  return {
    id: idText(row['id'] as Uint8Array),
    status: row['status'] as GlanceStatus,
    sizeBytes: row['size_bytes'] as number | null,
    checksum: row['checksum'] as string | null,
    hashAlgorithm: row['hash_algorithm'] as string | null,
    hashValue: row['hash_value'] as string | null,
  }
}
