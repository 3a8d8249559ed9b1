import type { Catalogue } from '../../catalogue/catalogue.ts'
import { CatalogueFault } from '../../catalogue/faults.ts'
import type { Image } from '../../image/image.ts'
import { type Position, positionOf } from '../../image/order.ts'
import { isEmptyQuery } from '../../image/query.ts'
import type { Call } from './call.ts'
import { ImageFault } from './faults.ts'
import { readListRequest } from './query.ts'
import { printList } from './view.ts'

/** Answers `GET /v2/images`. @throws ImageFault, CatalogueFault */
export async function answerList(call: Call, catalogue: Catalogue): Promise<string> {
  const request = readListRequest(call.query)
  const { query, limit, marker } = request
  const after = marker === undefined ? undefined : await findMarker(call, marker, catalogue)
  const images: Image[] = []
  if (limit > 0 && !isEmptyQuery(query)) {
    // One more than asked for tells whether there is a next page.
    const window = { limit: limit + 1, ...(after === undefined ? {} : { after }) }
    for await (const batch of catalogue.list(call.viewer, query, window)) images.push(...batch)
  }
  return printList(images.slice(0, limit), request, images.length > limit)
}

/** A marker that the caller cannot see is answered like one that does not exist. */
async function findMarker(call: Call, marker: string, catalogue: Catalogue): Promise<Position> {
  try {
    return positionOf(await catalogue.get(call.viewer, marker))
  } catch (error) {
    if (!(error instanceof CatalogueFault) || error.code !== 'image.not_found') throw error
    throw new ImageFault('marker.not_found', `No image found with ID ${marker}`)
  }
}
