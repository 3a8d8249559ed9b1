import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { freePort } from '../test/server/free-port.ts'
import type { BuiltCatalogue } from './catalogue.ts'
import type { Demand } from './demands.ts'
import type { Form } from './options.ts'
import { type Product, serve } from './product.ts'
import { spread } from './report.ts'
import { ratioOf, type Spread, spreadOf } from './statistics.ts'
import { Table } from './table.ts'
import { OWNER } from './viewers.ts'
import { load } from './wrk.ts'

/** A part of the product that can be switched off, and what it may cost. */
interface Switch {
  readonly name: string
  readonly off: readonly string[]
  on(): Promise<readonly string[]>
  /** Throughput with it, of the throughput without it; the short form has fewer rounds. */
  readonly ratioMin: Readonly<Record<Form['name'], number>>
}

const SWITCHES: readonly Switch[] = [
  {
    name: 'the ledger of callers',
    off: ['--ledger-enabled', 'false'],
    on: async () => ['--ledger-enabled', 'true'],
    ratioMin: { full: 0.98, short: 0.94 },
  },
  {
    name: 'metrics',
    off: [],
    on: async () => ['--metrics-port', String(await freePort())],
    ratioMin: { full: 0.97, short: 0.93 },
  },
  {
    name: 'spans of 1 % of the requests',
    off: [],
    on: async () => ['--tracing-otlp-url', await startSink(), '--tracing-sample-ratio', '0.01'],
    ratioMin: { full: 0.95, short: 0.91 },
  },
]

/** Takes whatever is sent to it, as a collector of spans would. @returns its address */
async function startSink(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end('{}'))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  server.unref()
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export interface SwitchFigures {
  readonly name: string
  readonly requestsPerSecond: Spread
  readonly ratio: Spread
  readonly ratioMin: number
}

const PATH = '/v2.1/images/detail?limit=25'
/** Many rounds: the effect is smaller than the difference between two rounds. */
const ROUNDS = { full: 31, short: 11 } as const

/** Measures the product with and without each part, round by round, on the smallest catalogue. */
export async function measureSwitches(
  form: Form,
  [smallest]: readonly BuiltCatalogue[],
  folder: string,
): Promise<readonly SwitchFigures[]> {
  if (smallest === undefined) return []
  const pathsFile = join(folder, 'switches.paths')
  await writeFile(pathsFile, `${PATH}\n`)
  const figures: SwitchFigures[] = []
  for (const { name, off, on, ratioMin } of SWITCHES) {
    await using without = await serve(smallest.data, off)
    await using having = await serve(smallest.data, await on())
    const lanes = [await lane(without, pathsFile), await lane(having, pathsFile)] as const
    for (let round = 0; round <= ROUNDS[form.name]; round += 1) {
      // Who goes first changes, so that what is left of a round counts for both.
      const order = round % 2 === 0 ? lanes : lanes.toReversed()
      for (const { measure } of order) await measure(round > 0)
    }
    const [offRates, onRates] = [lanes[0].rates, lanes[1].rates]
    figures.push({
      name,
      requestsPerSecond: spreadOf(onRates),
      ratio: ratioOf(onRates, offRates),
      ratioMin: ratioMin[form.name],
    })
  }
  await rm(pathsFile)
  return figures
}

async function lane(product: Product, pathsFile: string) {
  const token = await product.signIn(OWNER.name)
  const rates: number[] = []
  const measure = async (isCounted: boolean) => {
    const { requestsPerSecond } = await load({
      url: product.computeUrl,
      token,
      pathsFile,
      round: undefined,
      seconds: 1,
    })
    if (isCounted) rates.push(requestsPerSecond)
  }
  return { rates, measure }
}

const TABLE = new Table([
  ['with', 34, 'left'],
  ['requests/s', 22, 'right'],
  ['of those without', 18, 'right'],
])

export function switchesSection(figures: readonly SwitchFigures[]): string {
  const rows = figures.map(({ name, requestsPerSecond, ratio }) =>
    TABLE.row([name, spread(requestsPerSecond, 0), spread(ratio, 2)]),
  )
  return `
## What parts cost

The same query (\`limit=25\`) again and again, of the product with a part and without it, in turns.

${TABLE.head()}${rows.join('')}`
}

export function judgeSwitches(figures: readonly SwitchFigures[]): readonly Demand[] {
  return figures.map(({ name, ratio, ratioMin }) => ({
    demand: `with ${name}: at least ${ratioMin} of the throughput without`,
    measured: ratio.median.toFixed(3),
    isMet: ratio.median >= ratioMin,
  }))
}
