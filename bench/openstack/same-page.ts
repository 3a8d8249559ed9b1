import type { Lane } from './lanes.ts'
import { type Page, queriesOf } from './pages.ts'

/**
 * Makes sure that the figures are about the same thing.
 * @throws Error when one of those measured lists other images on the page than the first, or none
 */
export async function checkSamePage(
  lanes: readonly Lane[],
  page: Page,
  token: string,
): Promise<void> {
  const listed = await Promise.all(lanes.map((lane) => idsOf(lane, page, token)))
  const [first = []] = listed
  for (const [index, ids] of listed.entries()) {
    if (ids.length > 0 && ids.join() === first.join()) continue
    const { name } = lanes[index] ?? { name: 'nobody' }
    throw new Error(
      `${page.name}: ${name} lists other images (${ids.length}) than ${lanes[0]?.name}`,
    )
  }
}

async function idsOf(lane: Lane, page: Page, token: string): Promise<readonly unknown[]> {
  const [query = ''] = queriesOf(page, lane.api, 0, 1)
  const response = await fetch(lane.url + lane.path(query), { headers: { 'X-Auth-Token': token } })
  const { images = [] } = (await response.json()) as { images?: readonly { id: unknown }[] }
  return images.map(({ id }) => id)
}
