import type { Handler } from './dependencies.ts'
import { readListRequest } from './query.ts'
import { printList } from './view.ts'

/** Answers `GET /v2/images`. @throws ImageFault, CatalogueFault */
export const listImages: Handler = async ({ query, viewer }, { catalogue }) => {
  const request = readListRequest(query)
  const { search, limit, marker } = request
  const { images, hasMore } = await catalogue.search(viewer, search, {
    limit,
    ...(marker === undefined ? {} : { marker }),
  })
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: printList(images, request, hasMore),
  }
}
