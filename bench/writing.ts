import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DATABASE_FILE } from '../src/server/serve.ts'
import type { BuiltCatalogue } from './catalogue.ts'
import { cpuTimeMs } from './cpu-time.ts'
import { type Demand, judgeLeast, required } from './demands.ts'
import type { Form } from './options.ts'
import { type Product, serve } from './product.ts'
import { count, spread } from './report.ts'
import { ratioOf, type Spread, spreadOf } from './statistics.ts'
import { Table } from './table.ts'
import { OWNER } from './viewers.ts'
import type { WriterOrder, Written } from './writer.ts'
import { load } from './wrk.ts'

/** The same query while another process writes, beside the same without writes. */

interface Writes {
  readonly what: string
  readonly visibility: 'private' | 'public'
  /** Of the throughput without writes. */
  readonly atLeast: number
}

const WRITES: readonly Writes[] = [
  { what: "another project's private images", visibility: 'private', atLeast: 0.7 },
  { what: 'public images', visibility: 'public', atLeast: 0.35 },
]

const PATH = '/v2.1/images/detail?limit=25'

export interface WritingFigures extends Writes {
  readonly size: number
  readonly writesPerSecond: Spread
  readonly requestsPerSecond: Spread
  /** Of the throughput without writes, and of the processor time of a request with them. */
  readonly ratio: Spread
  readonly cpuRatio: Spread
  readonly cpuMicrosecondsPerRequest: Spread
  readonly p99Ms: number
}

/** Measures on the largest catalogue, which grows by what is written. */
export async function measureWriting(
  form: Form,
  built: readonly BuiltCatalogue[],
  folder: string,
): Promise<readonly WritingFigures[]> {
  const largest = built.at(-1)
  if (largest === undefined) return []
  const pathsFile = join(folder, 'writing.paths')
  await writeFile(pathsFile, `${PATH}\n`)
  await using product = await serve(largest.data)
  await using writer = await startWriter(largest)
  const token = await product.signIn(OWNER.name)
  const figures: WritingFigures[] = []
  for (const writes of WRITES) {
    const without: Round[] = []
    const having: WritingRound[] = []
    const { warmUps, counted } = form.demanded
    for (let round = 0; round < warmUps + counted; round += 1) {
      const alone = await measureRound(product, token, pathsFile, form)
      await writer.write(writes.visibility)
      const beside = await measureRound(product, token, pathsFile, form)
      const { images, seconds } = await writer.rest()
      if (round < warmUps) continue
      without.push(alone)
      having.push({ ...beside, writesPerSecond: images / seconds })
    }
    figures.push({ ...writes, size: largest.size, ...compare(without, having) })
  }
  return figures
}

interface Round {
  readonly requestsPerSecond: number
  readonly cpuMicroseconds: number
  readonly p99Ms: number
}

interface WritingRound extends Round {
  readonly writesPerSecond: number
}

function compare(
  without: readonly Round[],
  having: readonly WritingRound[],
): Omit<WritingFigures, keyof Writes | 'size'> {
  const rates = (rounds: readonly Round[]) => rounds.map((round) => round.requestsPerSecond)
  const cpu = (rounds: readonly Round[]) => rounds.map((round) => round.cpuMicroseconds)
  return {
    writesPerSecond: spreadOf(having.map((round) => round.writesPerSecond)),
    requestsPerSecond: spreadOf(rates(having)),
    ratio: ratioOf(rates(having), rates(without)),
    cpuRatio: ratioOf(cpu(without), cpu(having)),
    cpuMicrosecondsPerRequest: spreadOf(cpu(having)),
    p99Ms: spreadOf(having.map((round) => round.p99Ms)).median,
  }
}

async function measureRound(
  { pid, computeUrl: url }: Product,
  token: string,
  pathsFile: string,
  { roundSeconds: seconds }: Form,
): Promise<Round> {
  const beforeMs = cpuTimeMs(pid)
  const measured = await load({ url, token, pathsFile, round: undefined, seconds })
  const cpuMicroseconds = ((cpuTimeMs(pid) - beforeMs) * 1000) / measured.requests
  const { requestsPerSecond, p99Ms } = measured
  return { requestsPerSecond, cpuMicroseconds, p99Ms }
}

async function startWriter({ data, size }: BuiltCatalogue) {
  const file = new URL('writer.ts', import.meta.url)
  const child = fork(file, [join(data, DATABASE_FILE), String(size)])
  const ended = once(child, 'exit')
  await answerOf(child)
  const tell = (order: WriterOrder) => {
    const answer = answerOf(child)
    child.send(order)
    return answer
  }
  return {
    write: (visibility: Writes['visibility']) => tell({ kind: 'write', visibility }),
    rest: async () => (await tell({ kind: 'rest' })) as Written,
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}

/** @throws when the process ends instead */
async function answerOf(child: ChildProcess): Promise<unknown> {
  const stop = new AbortController()
  const { signal } = stop
  try {
    const ended = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`the writing process ended with ${code}`)
    })
    const [answer] = await Promise.race([once(child, 'message', { signal }), ended])
    return answer
  } finally {
    stop.abort()
  }
}

const TABLE = new Table([
  ['while another process writes', 34, 'left'],
  ['writes/s', 14, 'right'],
  ['requests/s', 22, 'right'],
  ['of those without', 18, 'right'],
  ['CPU µs', 20, 'right'],
  ['p99 ms', 7, 'right'],
])

export function writingSection(figures: readonly WritingFigures[]): string {
  const rows = figures.map((f) =>
    TABLE.row([
      f.what,
      spread(f.writesPerSecond, 0),
      spread(f.requestsPerSecond, 0),
      spread(f.ratio, 2),
      spread(f.cpuMicrosecondsPerRequest, 1),
      f.p99Ms.toFixed(2),
    ]),
  )
  return `
## While images are written

The same query (\`limit=25\`, owner) again and again in the catalogue of ${count(figures[0]?.size ?? 0)} images, while another process puts one new
image after the other into it, the newest of all, and without that, in turns. That process takes its part of the same cores.

${TABLE.head()}${rows.join('')}`
}

export function judgeWriting(figures: readonly WritingFigures[], form: Form): readonly Demand[] {
  return figures.map(({ what, atLeast, ratio, cpuRatio }) => {
    const min = required({ atLeast }, form)
    const measured = form.isStrict ? ratio.median : Math.max(ratio.median, cpuRatio.median)
    return judgeLeast(`while ${what} are written: at least ${min} of itself without`, measured, min)
  })
}
