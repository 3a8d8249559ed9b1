import { createHash } from 'node:crypto'
import type { ImageStore, PutCounts } from '../catalogue/catalogue.ts'
import { CatalogueFault } from '../catalogue/faults.ts'
import { writeDocument } from '../image/document.ts'
import type { Image } from '../image/image.ts'

/** Sees what is there, hidden or not. */
const VIEWER = { project: null, isAdmin: true } as const

/** A store that says what storing images would do, and stores none. @param store undefined: an empty one */
export function dryStore(
  store: Pick<ImageStore, 'get'> | undefined,
): Pick<ImageStore, 'putImages' | 'settle'> {
  /** Digests of what a store that stored would hold by now. */
  const stored = new Map<string, string>()
  const find = async (id: string) => {
    const before = stored.get(id)
    if (before !== undefined) return before
    const image = await getIfThere(store, id)
    return image === undefined ? undefined : digestOf(image)
  }
  return {
    async putImages(images): Promise<PutCounts> {
      const counts = { created: 0, replaced: 0, unchanged: 0 }
      for (const image of images) {
        const before = await find(image.id)
        const digest = digestOf(image)
        if (before === undefined) counts.created += 1
        else counts[before === digest ? 'unchanged' : 'replaced'] += 1
        stored.set(image.id, digest)
      }
      return counts
    },
    settle: async () => undefined,
  }
}

function digestOf(image: Image): string {
  return createHash('sha256')
    .update(JSON.stringify(writeDocument(image)))
    .digest('base64')
}

async function getIfThere(
  store: Pick<ImageStore, 'get'> | undefined,
  id: string,
): Promise<Image | undefined> {
  try {
    return await store?.get(VIEWER, id)
  } catch (error) {
    if (error instanceof CatalogueFault && error.code === 'image.not_found') return undefined
    throw error
  }
}
