import type { Handler } from './dependencies.ts'
import { readListRequest } from './query.ts'
import { printList } from './view.ts'

/** Answers `GET /v2/images`. @throws ImageFault, CatalogueFault */
export const listImages: Handler = async ({ query, viewer }, { catalogue }) => {
  const request = readListRequest(query)
  const { search, limit, marker } = request
  const images = await catalogue.search(viewer, search, {
    // One more than asked for tells whether there is a next page.
    limit: limit === 0 ? 0 : limit + 1,
    ...(marker === undefined ? {} : { marker }),
  })
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: printList(images.slice(0, limit), request, images.length > limit),
  }
}
