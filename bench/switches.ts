import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { freePort } from '../test/server/free-port.ts'
import type { BuiltCatalogue } from './catalogue.ts'
import { cpuTimeMs } from './cpu-time.ts'
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
  /** With it the process writes a line for each request, to a file. */
  readonly isLogged?: boolean
  /**
   * Processor time of a request without it, of that with it: what it leaves of the throughput of a
   * process that is never idle. The short form runs beside other work.
   */
  readonly cpuRatioMin: Readonly<Record<Form['name'], number>>
}

const SWITCHES: readonly Switch[] = [
  {
    name: 'the ledger of callers',
    off: ['--ledger-enabled', 'false'],
    on: async () => ['--ledger-enabled', 'true'],
    cpuRatioMin: { full: 0.98, short: 0.75 },
  },
  {
    name: 'metrics',
    off: [],
    on: async () => ['--metrics-port', String(await freePort())],
    cpuRatioMin: { full: 0.97, short: 0.7 },
  },
  {
    name: 'metrics and the request log',
    off: [],
    on: async () => [
      ...['--metrics-port', String(await freePort())],
      ...['--log-level', 'info', '--log-format', 'json', '--log-requests', 'true'],
    ],
    isLogged: true,
    cpuRatioMin: { full: 0.95, short: 0.35 },
  },
  {
    name: 'spans of 1 % of the requests',
    off: [],
    on: async () => ['--tracing-otlp-url', await startSink(), '--tracing-sample-ratio', '0.01'],
    cpuRatioMin: { full: 0.95, short: 0.5 },
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
  readonly cpuMicrosecondsPerRequest: Spread
  readonly cpuRatio: Spread
  readonly cpuRatioMin: number
}

const PATH = '/v2.1/images/detail?limit=25'
/** Many rounds: the effect is smaller than the difference between two rounds. */
const ROUNDS = { full: 31, short: 7 } as const

/** Measures the product with and without each part, round by round, on the smallest catalogue. */
export async function measureSwitches(
  form: Form,
  [smallest]: readonly BuiltCatalogue[],
  folder: string,
): Promise<readonly SwitchFigures[]> {
  if (smallest === undefined) return []
  const pathsFile = join(folder, 'switches.paths')
  await writeFile(pathsFile, `${PATH}\n`)
  const logFile = join(folder, 'requests.log')
  const figures: SwitchFigures[] = []
  for (const { name, off, on, isLogged, cpuRatioMin } of SWITCHES) {
    await using without = await serve(smallest.data, off)
    await using having = await serve(smallest.data, await on(), isLogged ? logFile : undefined)
    const lanes = [await lane(without, pathsFile), await lane(having, pathsFile)] as const
    for (let round = 0; round <= ROUNDS[form.name]; round += 1) {
      // Who goes first changes, so that what is left of a round counts for both.
      const order = round % 2 === 0 ? lanes : lanes.toReversed()
      for (const { measure } of order) await measure(round > 0)
    }
    const [{ rates: offRates, cpu: offCpu }, { rates: onRates, cpu: onCpu }] = lanes
    figures.push({
      name,
      requestsPerSecond: spreadOf(onRates),
      ratio: ratioOf(onRates, offRates),
      cpuMicrosecondsPerRequest: spreadOf(onCpu),
      cpuRatio: ratioOf(offCpu, onCpu),
      cpuRatioMin: cpuRatioMin[form.name],
    })
  }
  await rm(pathsFile)
  await rm(logFile)
  return figures
}

async function lane(product: Product, pathsFile: string) {
  const token = await product.signIn(OWNER.name)
  const rates: number[] = []
  const cpu: number[] = []
  const measure = async (isCounted: boolean) => {
    const beforeMs = cpuTimeMs(product.pid)
    const { requests, requestsPerSecond } = await load({
      url: product.computeUrl,
      token,
      pathsFile,
      round: undefined,
      seconds: 1,
    })
    const cpuMs = cpuTimeMs(product.pid) - beforeMs
    if (!isCounted) return
    rates.push(requestsPerSecond)
    cpu.push((cpuMs * 1000) / requests)
  }
  return { rates, cpu, measure }
}

const TABLE = new Table([
  ['with', 34, 'left'],
  ['requests/s', 22, 'right'],
  ['of those without', 18, 'right'],
  ['CPU µs', 20, 'right'],
  ['without, of it', 18, 'right'],
])

export function switchesSection(figures: readonly SwitchFigures[]): string {
  const rows = figures.map((f) =>
    TABLE.row([
      f.name,
      spread(f.requestsPerSecond, 0),
      spread(f.ratio, 2),
      spread(f.cpuMicrosecondsPerRequest, 1),
      spread(f.cpuRatio, 3),
    ]),
  )
  return `
## What parts cost

The same query (\`limit=25\`) again and again, of the product with a part and without it, in turns. The demand is made
of the processor time (user and system) of the serving process for a request, the time without the part divided by that with
it: on a machine with two cores, shared with \`wrk\` and whatever else runs, the throughput of two rounds differs by more than
these parts cost. The request log is a line of JSON for each request, written to a file.

${TABLE.head()}${rows.join('')}`
}

export function judgeSwitches(figures: readonly SwitchFigures[]): readonly Demand[] {
  return figures.map(({ name, cpuRatio, cpuRatioMin }) => ({
    demand: `without ${name}: at least ${cpuRatioMin} of the processor time of a request with it`,
    measured: cpuRatio.median.toFixed(3),
    isMet: cpuRatio.median >= cpuRatioMin,
  }))
}
