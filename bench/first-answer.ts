import { once } from 'node:events'
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../test/server/free-port.ts'
import type { BuiltCatalogue } from './catalogue.ts'
import { cpuTimeMs } from './cpu-time.ts'
import type { Demand } from './demands.ts'
import type { Form } from './options.ts'
import { serve } from './product.ts'
import { count, spread } from './report.ts'
import { type Spread, spreadOf } from './statistics.ts'
import { OWNER } from './viewers.ts'

/** From the start of the process to the first list that it answers. */

const SECONDS_MAX = 1
const STARTS = 5
const ASK_EVERY_MS = 5
const GIVE_UP_MS = 60_000
const PATH = '/v2.1/images/detail?limit=25'

export interface FirstAnswerFigures {
  readonly size: number
  readonly seconds: Spread
  /** Of the processor, until then. */
  readonly cpuSeconds: Spread
}

/** Measures on the largest catalogue. */
export async function measureFirstAnswer(
  built: readonly BuiltCatalogue[],
): Promise<FirstAnswerFigures> {
  const largest = built.at(-1)
  if (largest === undefined) throw new Error('there is no catalogue to serve')
  const token = await tokenOf(largest)
  const starts: Start[] = []
  for (let start = 0; start < STARTS; start += 1) starts.push(await startOnce(largest, token))
  return {
    size: largest.size,
    seconds: spreadOf(starts.map(({ seconds }) => seconds)),
    cpuSeconds: spreadOf(starts.map(({ cpuSeconds }) => cpuSeconds)),
  }
}

/** A token outlives the process that gave it. */
async function tokenOf({ data }: BuiltCatalogue): Promise<string> {
  await using product = await serve(data)
  return await product.signIn(OWNER.name) // before the process ends
}

interface Start {
  readonly seconds: number
  readonly cpuSeconds: number
}

async function startOnce({ data }: BuiltCatalogue, token: string): Promise<Start> {
  const port = await freePort()
  const startMs = performance.now()
  const starting = serve(data, ['--compute-port', String(port)])
  const [product, seconds] = await Promise.all([
    starting,
    firstAnswer(`http://127.0.0.1:${port}${PATH}`, token, startMs),
  ])
  const cpuSeconds = cpuTimeMs(product.pid) / 1000
  await product[Symbol.asyncDispose]()
  return { seconds, cpuSeconds }
}

async function firstAnswer(url: string, token: string, startMs: number): Promise<number> {
  while (performance.now() < startMs + GIVE_UP_MS) {
    if ((await statusOf(url, token)) === 200) return (performance.now() - startMs) / 1000
    await sleep(ASK_EVERY_MS)
  }
  throw new Error('afterimage serve answers no list')
}

/** On a connection of its own; undefined while nothing listens. */
async function statusOf(url: string, token: string): Promise<number | undefined> {
  const asked = get(url, { headers: { 'x-auth-token': token }, agent: false })
  asked.on('error', () => undefined) // a connection may fail more than once
  try {
    const [response] = await once(asked, 'response')
    response.resume()
    await once(response, 'end')
    return response.statusCode
  } catch {
    return undefined
  }
}

export function firstAnswerSection(figures: FirstAnswerFigures): string {
  const { size, seconds, cpuSeconds } = figures
  return `
## First answer

From the start of \`afterimage serve\` with ${count(size)} images to its first list (\`limit=25\`): ${spread(seconds, 2)} s, of ${STARTS} starts;
${spread(cpuSeconds, 2)} s of processor time.
`
}

export function judgeFirstAnswer(
  { size, seconds }: FirstAnswerFigures,
  { isStrict }: Form,
): readonly Demand[] {
  if (!isStrict) return []
  return [
    {
      demand: `the first answer with ${count(size)} images: under ${SECONDS_MAX} s after the start`,
      measured: `${seconds.median.toFixed(2)} s`,
      isMet: seconds.median < SECONDS_MAX,
    },
  ]
}
