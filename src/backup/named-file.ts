import type { DataRow } from '../catalogue/sqlite/data-rows.ts'
import type { GlanceStatus } from '../image/image.ts'
import { publishedFile, stagedFile } from '../image-data/layout.ts'

const WITHOUT_DATA: ReadonlySet<GlanceStatus> = new Set(['queued', 'saving', 'killed', 'deleted'])

/**
 * The file that has the data which a row names; undefined if it names none. As a start judges it
 * (src/server/recover-data.ts).
 * @param folder of image files
 */
export function namedFile(folder: string, row: DataRow): string | undefined {
  if (WITHOUT_DATA.has(row.status)) return undefined
  if (row.status === 'importing') return stagedFile(folder, row.id)
  if (row.status === 'uploading') {
    return row.sizeBytes === null ? undefined : stagedFile(folder, row.id)
  }
  return publishedFile(folder, row)
}

/** Whether data is coming in, or moving: the next start after a crash puts such an image right. */
export function isMidway({ status, sizeBytes }: DataRow): boolean {
  return (
    status === 'saving' || status === 'importing' || (status === 'uploading' && sizeBytes === null)
  )
}
