import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ratioOf, type Spread, spreadOf } from '../statistics.ts'
import { load, type Measured } from '../wrk.ts'
import type { Lane, LaneName } from './lanes.ts'
import type { Form } from './options.ts'
import { type Page, queriesOf } from './pages.ts'
import { untilQuiet } from './quiet.ts'
import { checkSamePage } from './same-page.ts'

/** The result for one page, at one size and one number of connections. */
export interface Row {
  readonly page: Page
  readonly size: number
  readonly connections: number
  readonly figures: ReadonlyMap<LaneName, Figures>
}

export interface Figures {
  readonly requestsPerSecond: Spread
  /** This lane's throughput divided by Glance's and by Nova's, round by round. */
  readonly ofGlance: Spread
  readonly ofNova: Spread
  readonly p50Ms: number
  readonly p99Ms: number
}

/** What all rows have in common. */
export interface Setting {
  readonly lanes: readonly Lane[]
  readonly token: string
  readonly form: Form
  readonly folder: string
  /** How many requests for new pages were made room for; each row goes on from there. */
  readonly newPages: { count: number }
}

/**
 * Not counted. The first row has more: a few hundred pages, until V8 has compiled what they need.
 */
export const WARM_UP_ROUNDS = 1
export const FIRST_WARM_UP_ROUNDS = 10
/** More than a Glance answers in one, so that of a new page none is asked for twice. */
const REQUESTS_PER_ROUND_MAX = 4000

/**
 * Each round measures every lane in turn, so that a slow phase of the machine affects all of them.
 */
export async function measureRow(
  page: Page,
  size: number,
  connections: number,
  { lanes, token, form, folder, newPages }: Setting,
  warmUps: number,
): Promise<Row> {
  await checkSamePage(lanes, page, token)
  const rounds = new Map<LaneName, Measured[]>()
  for (let round = -warmUps; round < form.rounds; round += 1) {
    newPages.count += REQUESTS_PER_ROUND_MAX
    for (const lane of lanes) {
      const pathsFile = join(folder, 'paths')
      const queries = queriesOf(page, lane.api, newPages.count, REQUESTS_PER_ROUND_MAX)
      await writeFile(pathsFile, queries.map((query) => `${lane.path(query)}\n`).join(''))
      await untilQuiet()
      const { url } = lane
      const seconds = form.roundSeconds
      const measured = await load({
        ...{ url, token, pathsFile, seconds, connections },
        round: undefined,
      })
      if (round >= 0) rounds.set(lane.name, [...(rounds.get(lane.name) ?? []), measured])
    }
  }
  const rates = (name: LaneName) => (rounds.get(name) ?? []).map((m) => m.requestsPerSecond)
  const figures = lanes.map(({ name }): readonly [LaneName, Figures] => {
    const measured = rounds.get(name) ?? []
    return [
      name,
      {
        requestsPerSecond: spreadOf(rates(name)),
        ofGlance: ratioOf(rates(name), rates('glance')),
        ofNova: ratioOf(rates(name), rates('nova')),
        p50Ms: spreadOf(measured.map((m) => m.p50Ms)).median,
        p99Ms: spreadOf(measured.map((m) => m.p99Ms)).median,
      },
    ]
  })
  return { page, size, connections, figures: new Map(figures) }
}
