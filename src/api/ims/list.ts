import type { ManagedCatalogue } from '../../catalogue/managed-catalogue.ts'
import type { Answer, Call } from './call.ts'
import { faultOf, printFault } from './faults.ts'
import { readListRequest } from './query.ts'
import { printList } from './view.ts'

/**
 * Answers `GET /v2/cloudimages`, its own faults included. A page carries no link to the next one: a
 * caller goes on after the last id until a page is not full. @throws CatalogueFault but for a marker
 */
export async function answerCloudimages(
  { query, viewer }: Call,
  catalogue: ManagedCatalogue,
): Promise<Answer> {
  try {
    const { search, ...window } = readListRequest(query)
    const images = search === 'nothing' ? [] : await catalogue.search(viewer, search, window)
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
