import { CatalogueFault } from '../catalogue/faults.ts'
import type { ManagedCatalogue } from '../catalogue/managed-catalogue.ts'
import type { GlanceStatus, Image } from '../image/image.ts'
import type { ImageFiles, KeptFile, Leftovers } from '../image-data/image-files.ts'

/** What a start put right. */
export interface Recovery {
  /** Ids of images that wait for their data (again). */
  readonly requeued: readonly string[]
  /** Ids of images whose staged data waits for its import again. */
  readonly restaged: readonly string[]
  /** How many files were no image's. */
  readonly removedFiles: number
}

/**
 * Repairs what dead processes left inconsistent between rows and files. Other processes may be
 * using the same folder: images that they have claimed are left alone.
 * @param nowSeconds the clock, in Unix seconds
 */
export async function recoverData(
  catalogue: ManagedCatalogue,
  files: ImageFiles & Leftovers,
  nowSeconds: () => number,
): Promise<Recovery> {
  const requeued: string[] = []
  const restaged: string[] = []
  const abandoned = await files.abandoned()
  const all = abandoned.length === 0 ? [] : await Array.fromAsync(files.kept())
  for (const { id, clear } of abandoned) {
    const kept = all.filter((file) => file.id === id)
    const put = await putRight(catalogue, id, (image) => {
      if (files.isClaimed(id)) return image
      const status = statusLeft(image, kept)
      if (status === image.status) return image
      const sizes = status === 'queued' ? { sizeBytes: null, virtualSizeBytes: null } : {}
      return { ...image, ...sizes, status, updatedAt: nowSeconds() }
    })
    if (put === 'queued') requeued.push(id)
    if (put === 'uploading') restaged.push(id)
    if (!files.isClaimed(id)) await clear()
  }
  const removedFiles = await removeStrayFiles(catalogue, files)
  return { requeued, restaged, removedFiles }
}

/** @returns the new status; undefined if it was right, or the image is gone. */
async function putRight(
  catalogue: ManagedCatalogue,
  id: string,
  change: (image: Image) => Image,
): Promise<GlanceStatus | undefined> {
  let given: GlanceStatus | undefined
  try {
    await catalogue.update(id, (image) => {
      const changed = change(image)
      given = changed === image ? undefined : changed.status
      return changed
    })
    return given
  } catch (error) {
    if (error instanceof CatalogueFault && error.code === 'image.not_found') return undefined
    throw error
  }
}

/**
 * The status of an image whose data a dead process was storing: an upload counts as not begun;
 * completely staged data stays staged, however far its import was.
 */
function statusLeft(image: Image, kept: readonly KeptFile[]): GlanceStatus {
  const { status, sizeBytes } = image
  if (status === 'saving') return 'queued'
  if (status === 'uploading') {
    const isWhole = kept.some((file) => isStaged(file) && file.sizeBytes === sizeBytes)
    return isWhole ? 'uploading' : 'queued'
  }
  if (status !== 'importing') return status
  const published = kept.find((file) => !isStaged(file) && file.sizeBytes === sizeBytes)
  published?.unpublish()
  return published !== undefined || kept.some(isStaged) ? 'uploading' : 'queued'
}

function isStaged({ checksum }: KeptFile): boolean {
  return checksum === undefined
}

async function removeStrayFiles(
  catalogue: ManagedCatalogue,
  files: ImageFiles & Leftovers,
): Promise<number> {
  let removed = 0
  for await (const file of files.kept()) {
    // In this order: what is claimed after the row was read is not this file.
    if (files.isClaimed(file.id)) continue
    if (isOf(await catalogue.find(file.id), file)) continue
    file.remove()
    removed += 1
  }
  return removed
}

const WITHOUT_DATA: ReadonlySet<GlanceStatus> = new Set(['queued', 'saving', 'killed', 'deleted'])

function isOf(image: Image | undefined, file: KeptFile): boolean {
  if (image === undefined || WITHOUT_DATA.has(image.status)) return false
  const isWaiting = image.status === 'uploading' || image.status === 'importing'
  return isStaged(file) ? isWaiting : !isWaiting && image.checksum === file.checksum
}
