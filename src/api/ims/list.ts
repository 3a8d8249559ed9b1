import type { ManagedCatalogue, SearchPage } from '../../catalogue/managed-catalogue.ts'
import type { Answer, Call } from './call.ts'
import { faultOf, ImsFault, printFault } from './faults.ts'
import { readListRequest } from './query.ts'
import { printList } from './view.ts'

/** A page has up to 10,000 images, and no link to more; it is printed in one piece. */
const PAGE_BYTES_MAX = 16 * 1024 * 1024

const NOTHING: SearchPage = { images: [], hasMore: false }

/** A page that is not full would look like the last. */
function tooLarge(images: number): ImsFault {
  const message = `The images are too large for one page. Ask for fewer: limit=${images}.`
  return new ImsFault('query.invalid', message)
}

/**
 * Answers `GET /v2/cloudimages`, its own faults included. A page has no link to the next one: the
 * caller continues after the last id until a page is not full. @throws CatalogueFault but for a
 * marker
 */
export async function answerCloudimages(
  { query, viewer }: Call,
  catalogue: ManagedCatalogue,
): Promise<Answer> {
  try {
    const { search, ...asked } = readListRequest(query)
    const window = { ...asked, bytesMax: PAGE_BYTES_MAX }
    const { images, hasMore } =
      search === 'nothing' ? NOTHING : await catalogue.search(viewer, search, window)
    if (hasMore && images.length < window.limit) throw tooLarge(images.length)
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: printList(images),
    }
  } catch (error) {
    const fault = faultOf(error)
    if (fault === undefined) throw error
    return printFault(fault)
  }
}
