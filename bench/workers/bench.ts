import { rmSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildCatalogue } from '../catalogue.ts'
import { cpuTimeMs } from '../cpu-time.ts'
import { REPORT_FILE } from '../options.ts'
import { type Product, serve } from '../product.ts'
import { count, spread } from '../report.ts'
import { ratioOf, type Spread, spreadOf } from '../statistics.ts'
import { Table } from '../table.ts'
import { OWNER } from '../viewers.ts'
import { ROWS, type Row } from '../workload.ts'
import { checkWrk, load } from '../wrk.ts'
import { withWorkersSection } from './section.ts'

/**
 * What several workers make of one load: throughput, and the processor time that a request takes of
 * all processes together. Writes its section of the report.
 */

const HELP = `Usage: npm run bench:workers -- [--rounds COUNT]

Measures afterimage serve with --workers 1, 2 and 4 over one catalogue of 1,000 images, in turns, and
writes the section "Workers" of ${REPORT_FILE}. About four minutes; needs Linux and wrk.
`

const IMAGES = 1000
const WORKERS = [1, 2, 4] as const
/** Of wrk: enough for each of four workers to be busy. */
const CONNECTIONS = 32
/** The machine may have other work too. */
const TIMEOUT_SECONDS = 20
/** Long enough for every worker's code to be compiled in the round that is not counted. */
const ROUND_SECONDS = 5
const REQUESTS: readonly [request: string, mode: Row['mode']][] = [
  ['limit=25', 'same'],
  ['limit=25', 'another'],
  ['limit=1000', 'another'],
]

interface Lane {
  readonly workers: number
  readonly product: Product
  readonly token: string
  readonly rates: number[]
  readonly cpuMs: number[]
  readonly p99Ms: number[]
}

interface Figures {
  readonly workers: number
  readonly requestsPerSecond: Spread
  readonly ofOne: Spread
  readonly cpuMsPerRequest: Spread
  readonly p99Ms: Spread
}

async function measure(row: Row, data: string, folder: string, rounds: number) {
  const pathsFile = join(folder, 'workers.paths')
  await writeFile(pathsFile, `${row.paths(IMAGES).join('\n')}\n`)
  await using stack = new AsyncDisposableStack()
  const lanes: Lane[] = []
  for (const workers of WORKERS) {
    const product = stack.use(await serve(data, ['--workers', String(workers)]))
    const token = await product.signIn(OWNER.name)
    lanes.push({ workers, product, token, rates: [], cpuMs: [], p99Ms: [] })
  }
  for (let round = 0; round <= rounds; round += 1) {
    for (const lane of lanes) {
      const other = row.mode === 'same' ? undefined : round
      await measureRound(lane, pathsFile, other, round > 0)
    }
  }
  const [one] = lanes
  return lanes.map(
    (lane): Figures => ({
      workers: lane.workers,
      requestsPerSecond: spreadOf(lane.rates),
      ofOne: ratioOf(lane.rates, one?.rates ?? []),
      cpuMsPerRequest: spreadOf(lane.cpuMs),
      p99Ms: spreadOf(lane.p99Ms),
    }),
  )
}

async function measureRound(
  { product, token, rates, cpuMs, p99Ms }: Lane,
  pathsFile: string,
  round: number | undefined,
  isCounted: boolean,
): Promise<void> {
  const beforeMs = cpuTimeMs(product.pid)
  const measured = await load({
    url: product.computeUrl,
    token,
    pathsFile,
    round,
    seconds: ROUND_SECONDS,
    connections: CONNECTIONS,
    timeoutSeconds: TIMEOUT_SECONDS,
  })
  const tookMs = cpuTimeMs(product.pid) - beforeMs
  if (!isCounted) return
  rates.push(measured.requestsPerSecond)
  cpuMs.push(tookMs / (measured.requestsPerSecond * ROUND_SECONDS))
  p99Ms.push(measured.p99Ms)
}

const TABLE = new Table([
  ['request', 12, 'left'],
  ['query', 7, 'left'],
  ['workers', 7, 'right'],
  ['requests/s', 24, 'right'],
  ['of one process', 18, 'right'],
  ['CPU ms a request', 22, 'right'],
  ['p99 ms', 7, 'right'],
])

function introduction(rounds: number): string {
  const processors = cpus()
  const model = processors[0]?.model ?? 'unknown'
  const others = loadavg()[0] ?? 0
  return `
## Workers

Measured by \`npm run bench:workers\` on ${new Date().toISOString().slice(0, 10)}: ${processors.length} cores (${model}),
Node ${process.versions.node}. Before it the machine had other work for ${others.toFixed(1)} cores (the load average): near 0 the figures
show what workers gain, above ${processors.length} they show what is left to share.

\`afterimage serve --workers N\` over the catalogue of ${count(IMAGES)} images. wrk has ${CONNECTIONS} connections and takes its part of the same
cores. CPU ms is the processor time of all processes of that Afterimage together. A figure is the median of ${rounds} rounds of
${ROUND_SECONDS} s, the numbers of workers in turns; in parentheses the least and the most.

`
}

function rowsOf({ request, mode }: Row, figures: readonly Figures[]): string {
  return figures
    .map(({ workers, requestsPerSecond, ofOne, cpuMsPerRequest, p99Ms }) =>
      TABLE.row([
        request,
        mode,
        String(workers),
        spread(requestsPerSecond, 0),
        workers === 1 ? '1.00' : spread(ofOne, 2),
        spread(cpuMsPerRequest, 3),
        p99Ms.median.toFixed(1),
      ]),
    )
    .join('')
}

async function bench(rounds: number): Promise<void> {
  await checkWrk()
  const folder = await mkdtemp(join(tmpdir(), 'afterimage-bench-workers-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const { data } = await buildCatalogue(folder, IMAGES)
  let section = introduction(rounds) + TABLE.head()
  process.stdout.write(section)
  for (const [request, mode] of REQUESTS) {
    const row = ROWS.find((each) => each.request === request && each.mode === mode)
    if (row === undefined) throw new Error(`there is no row ${request}, ${mode}`)
    const rows = rowsOf(row, await measure(row, data, folder, rounds))
    process.stdout.write(rows)
    section += rows
  }
  const file = fileURLToPath(new URL(`../../${REPORT_FILE}`, import.meta.url))
  await writeFile(file, withWorkersSection(await readFile(file, 'utf8'), section))
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
if (values.help) process.stdout.write(HELP)
else await bench(Number(values.rounds))
