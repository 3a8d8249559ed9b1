import { CatalogueFault } from '../catalogue/faults.ts'
import type { ManagedCatalogue } from '../catalogue/managed-catalogue.ts'
import type { GlanceStatus, Image } from '../image/image.ts'
import { ImageDataFault } from '../image-data/faults.ts'
import type { ImageFiles, KeptFile, Leftovers } from '../image-data/image-files.ts'
import { isFileOf } from './file-of-image.ts'

/** What was put right. */
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
 * @param sweep looks at every file, or only at those of the images that dead processes had claimed
 */
export async function recoverData(
  catalogue: ManagedCatalogue,
  files: ImageFiles & Leftovers,
  nowSeconds: () => number,
  sweep: 'all' | 'claimed' = 'all',
): Promise<Recovery> {
  const requeued: string[] = []
  const restaged: string[] = []
  const abandoned = await files.abandoned()
  for (const { id, clear } of abandoned) {
    const put = await unlessClaimed(() =>
      files.whileClaimed(id, async () => {
        const status = await recoverImage(catalogue, files, id, nowSeconds())
        await clear()
        return status
      }),
    )
    if (put === 'queued') requeued.push(id)
    if (put === 'uploading') restaged.push(id)
  }
  let removedFiles = 0
  const swept = sweep === 'all' ? [undefined] : abandoned.map(({ id }) => id)
  for (const id of swept) removedFiles += await removeStrays(catalogue, files, id)
  return { requeued, restaged, removedFiles }
}

/** @param only an image's id; undefined: of all images. @returns how many */
async function removeStrays(
  catalogue: ManagedCatalogue,
  files: ImageFiles & Leftovers,
  only: string | undefined,
): Promise<number> {
  let removed = 0
  for await (const file of files.kept(only)) {
    const isWanted = async () => isFileOf(await catalogue.find(file.id), file.checksum)
    if (await isWanted()) continue
    if (await unlessClaimed(() => files.free(file, isWanted))) removed += 1
  }
  return removed
}

/**
 * Repairs the row of an image whose data came without coming to an end. To be called under a claim
 * of the image. @returns the new status; undefined if it was right, or the image is gone
 */
export async function recoverImage(
  catalogue: ManagedCatalogue,
  files: Leftovers,
  id: string,
  nowSeconds: number,
): Promise<GlanceStatus | undefined> {
  const before = await catalogue.find(id)
  const isWaiting = before?.status === 'uploading' || before?.status === 'importing'
  const kept = isWaiting ? await Array.fromAsync(files.kept(id)) : []
  return putRight(catalogue, id, (image) => {
    const status = statusLeft(image, kept)
    if (status === image.status) return image
    const sizes = status === 'queued' ? { sizeBytes: null, virtualSizeBytes: null } : {}
    return { ...image, ...sizes, status, updatedAt: nowSeconds }
  })
}

/** @returns undefined if a living process holds the claim */
async function unlessClaimed<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ImageDataFault && error.code === 'data.claimed') return undefined
    throw error
  }
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
