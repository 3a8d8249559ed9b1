import { setTimeout as sleep } from 'node:timers/promises'
import type { ImageList, ListWindow, PropertyChange, PutCounts } from '../catalogue/catalogue.ts'
import type { ManagedCatalogue, SearchPage, SearchWindow } from '../catalogue/managed-catalogue.ts'
import { deletableImage } from '../catalogue/rights.ts'
import type { GlanceStatus, Image } from '../image/image.ts'
import type { ImageQuery } from '../image/query.ts'
import type { ImageSearch } from '../image/search.ts'
import type { Viewer } from '../image/visibility.ts'
import { ImageDataFault } from '../image-data/faults.ts'
import type { ImageFiles } from '../image-data/image-files.ts'
import { isFileOf } from './file-of-image.ts'

/** An image of another status has none, or whoever is receiving them deletes them. */
const WITH_FILES: ReadonlySet<GlanceStatus> = new Set([
  'active',
  'deactivated',
  'pending_delete',
  'uploading',
  'importing',
])
/** A claim on an image with files is short: of an upload that is refused, or of a deletion. */
const FREE_TRIES = 20
const FREE_RETRY_MS = 50

/**
 * A catalogue whose deletions, from any face, delete the image's bytes too. The row is deleted
 * first: a crash in between leaves a file without a row, which the next start removes.
 */
export class DataCatalogue implements ManagedCatalogue {
  readonly #catalogue: ManagedCatalogue
  readonly #files: ImageFiles
  readonly #onTrouble: (error: unknown, id: string) => void

  /** @param onTrouble called with bytes that could not be deleted; the image is deleted anyway. */
  constructor(
    catalogue: ManagedCatalogue,
    files: ImageFiles,
    onTrouble: (error: unknown, id: string) => void,
  ) {
    this.#catalogue = catalogue
    this.#files = files
    this.#onTrouble = onTrouble
  }

  async delete(viewer: Viewer, id: string): Promise<void> {
    await this.remove(id, (image) => {
      deletableImage(image, viewer)
    })
  }

  async remove(id: string, check: (image: Image) => void): Promise<Image> {
    const image = await this.#catalogue.remove(id, check)
    if (WITH_FILES.has(image.status)) {
      await this.#free(image).catch((error: unknown) => this.#onTrouble(error, image.id))
    }
    return image
  }

  /**
   * Deletes the files of an image that is gone, but not what has become another's: there may be a
   * new image of that id by now.
   */
  async #free(image: Image): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        for (const checksum of [image.checksum ?? undefined, undefined]) {
          const isWanted = async () => isFileOf(await this.#catalogue.find(image.id), checksum)
          await this.#files.free({ id: image.id, checksum }, isWanted)
        }
        return
      } catch (error) {
        const isClaimed = error instanceof ImageDataFault && error.code === 'data.claimed'
        if (!isClaimed) throw error
        // Whoever holds the claim finds the image gone, and deletes the files.
        if (isComing(image)) return
        if (tries === FREE_TRIES) throw error
        await sleep(FREE_RETRY_MS)
      }
    }
  }

  list(viewer: Viewer, query: ImageQuery, window: ListWindow): ImageList {
    return this.#catalogue.list(viewer, query, window)
  }

  page(viewer: Viewer, query: ImageQuery, window: ListWindow): readonly Image[] | undefined {
    return this.#catalogue.page?.(viewer, query, window)
  }

  get(viewer: Viewer, id: string): Promise<Image> {
    return this.#catalogue.get(viewer, id)
  }

  changeProperties(viewer: Viewer, id: string, change: PropertyChange): Promise<Image> {
    return this.#catalogue.changeProperties(viewer, id, change)
  }

  version(viewer: Viewer): number | string | undefined {
    return this.#catalogue.version(viewer)
  }

  putImages(images: readonly Image[]): Promise<PutCounts> {
    return this.#catalogue.putImages(images)
  }

  settle(): Promise<void> {
    return this.#catalogue.settle()
  }

  exportImages(): AsyncIterable<readonly Image[]> {
    return this.#catalogue.exportImages()
  }

  find(id: string): Promise<Image | undefined> {
    return this.#catalogue.find(id)
  }

  search(viewer: Viewer, search: ImageSearch, window: SearchWindow): Promise<SearchPage> {
    return this.#catalogue.search(viewer, search, window)
  }

  create(image: Image): Promise<Image> {
    return this.#catalogue.create(image)
  }

  update(id: string, change: (image: Image) => Image): Promise<Image> {
    return this.#catalogue.update(id, change)
  }
}

function isComing({ status, sizeBytes }: Image): boolean {
  return status === 'importing' || (status === 'uploading' && sizeBytes === null)
}
