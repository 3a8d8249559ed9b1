import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bare, record } from './bare.ts'
import type { RecordedAnswer } from './bare-server.ts'
import { cpuTimeMs } from './cpu-time.ts'
import type { Form } from './options.ts'
import type { Product } from './product.ts'
import { ratioOf, type Spread, spreadOf } from './statistics.ts'
import type { Row } from './workload.ts'
import { type Load, load, type Measured } from './wrk.ts'

/** A catalogue that is being served. */
export interface Served {
  readonly size: number
  readonly product: Product
}

/** One row at one size. */
export interface Figures {
  readonly size: number
  readonly requestsPerSecond: Spread
  readonly bareRequestsPerSecond: Spread
  /** The product's throughput divided by the bare server's. */
  readonly ratio: Spread
  /** The cost of a request divided by its cost in the smallest catalogue. */
  readonly growth: Spread
  readonly p50Ms: number
  readonly p99Ms: number
  readonly bareP99Ms: number
  /** Microseconds of processor time of the serving process, all counted rounds together. */
  readonly cpuMicrosecondsPerRequest: number
  readonly bareCpuMicrosecondsPerRequest: number
  /** The same of the best round alone: other work on the machine only ever adds to it. */
  readonly leastCpuMicrosecondsPerRequest: number
  readonly bareLeastCpuMicrosecondsPerRequest: number
  readonly bytesPerRequest: number
}

/** The runs of one row against one server. */
interface Lane {
  readonly pid: number
  readonly load: Omit<Load, 'round' | 'seconds'>
  readonly rounds: Round[]
}

interface Round extends Measured {
  readonly cpuMs: number
}

const WARM_UP_SECONDS = 1

/**
 * Measures a row: each round measures every size's server and the bare one in turn, so that a slow
 * phase of the machine affects all of them.
 */
export async function measureRow(
  row: Row,
  served: readonly Served[],
  bare: Bare,
  form: Form,
  folder: string,
): Promise<readonly Figures[]> {
  const { warmUps, counted } = isDemanded(row) ? form.demanded : form.other
  const scratch = await mkdtemp(join(folder, 'row-'))
  const lanes = []
  for (const { size, product } of served) {
    lanes.push(await prepare(row, size, product, bare, scratch))
  }
  for (let round = 0; round < warmUps + counted; round += 1) {
    const isCounted = round >= warmUps
    const seconds = isCounted ? form.roundSeconds : WARM_UP_SECONDS
    for (const { size, ours, theirs } of lanes) {
      await bare.send(String(size))
      for (const lane of [ours, theirs]) {
        const other = row.mode === 'same' ? undefined : round
        const beforeMs = cpuTimeMs(lane.pid)
        const measured = await load({ ...lane.load, round: other, seconds })
        const cpuMs = cpuTimeMs(lane.pid) - beforeMs
        if (isCounted) lane.rounds.push({ ...measured, cpuMs })
      }
    }
  }
  await bare.forget()
  await rm(scratch, { recursive: true })
  const smallest = lanes[0]?.ours.rounds ?? []
  return lanes.map(({ size, ours, theirs }) => figures(size, ours.rounds, theirs.rounds, smallest))
}

export function isDemanded({ minimum, isFlat }: Row): boolean {
  return minimum !== undefined || isFlat
}

async function prepare(
  { viewer, paths, answersKept, isRevalidation }: Row,
  size: number,
  product: Product,
  bare: Bare,
  scratch: string,
) {
  const token = await product.signIn(viewer.name)
  const asked = paths(size)
  const sent: Record<string, string> = { 'x-auth-token': token }
  const answers: RecordedAnswer[] = []
  for (const path of asked.slice(0, answersKept)) {
    let answer = await record(product.computeUrl, path, sent, 200)
    if (isRevalidation) {
      sent['if-none-match'] = headerOf(answer, 'etag')
      answer = await record(product.computeUrl, path, sent, 304)
    }
    answers.push(answer)
  }
  await bare.keep(String(size), answers)
  const pathsFile = join(scratch, `${size}.paths`)
  await writeFile(pathsFile, `${asked.join('\n')}\n`)
  const { 'x-auth-token': _, ...more } = sent
  const headers = Object.entries(more).map(([name, value]) => `${name}: ${value}`)
  const lane = (pid: number, url: string): Lane => ({
    pid,
    load: { url, token, headers, pathsFile },
    rounds: [],
  })
  return { size, ours: lane(product.pid, product.computeUrl), theirs: lane(bare.pid, bare.url) }
}

function headerOf({ headers }: RecordedAnswer, name: string): string {
  const at = headers.findIndex((each, i) => i % 2 === 0 && each.toLowerCase() === name)
  const value = at === -1 ? undefined : headers[at + 1]
  if (value === undefined) throw new Error(`the product's answer has no ${name}`)
  return value
}

function figures(
  size: number,
  ours: readonly Round[],
  theirs: readonly Round[],
  smallest: readonly Round[],
): Figures {
  const rates = ours.map((round) => round.requestsPerSecond)
  const bareRates = theirs.map((round) => round.requestsPerSecond)
  const median = (values: readonly number[]) => spreadOf(values).median
  return {
    size,
    requestsPerSecond: spreadOf(rates),
    bareRequestsPerSecond: spreadOf(bareRates),
    ratio: ratioOf(rates, bareRates),
    growth: ratioOf(
      smallest.map((round) => round.requestsPerSecond),
      rates,
    ),
    p50Ms: median(ours.map((round) => round.p50Ms)),
    p99Ms: median(ours.map((round) => round.p99Ms)),
    bareP99Ms: median(theirs.map((round) => round.p99Ms)),
    cpuMicrosecondsPerRequest: cpuOf(ours),
    bareCpuMicrosecondsPerRequest: cpuOf(theirs),
    leastCpuMicrosecondsPerRequest: Math.min(...ours.map((round) => cpuOf([round]))),
    bareLeastCpuMicrosecondsPerRequest: Math.min(...theirs.map((round) => cpuOf([round]))),
    bytesPerRequest: median(ours.map((round) => round.bytesPerRequest)),
  }
}

/** Of all rounds together: of one alone the kernel's ticks of 10 ms are too coarse. */
function cpuOf(rounds: readonly Round[]): number {
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)
  const cpuMs = sum(rounds.map((round) => round.cpuMs))
  return (cpuMs * 1000) / sum(rounds.map((round) => round.requests))
}
