import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BuiltCatalogue } from './catalogue.ts'
import { cpuTimeMs } from './cpu-time.ts'
import { type Demand, judgeLeast, required } from './demands.ts'
import { residentMib } from './memory.ts'
import type { Form } from './options.ts'
import { serve } from './product.ts'
import { count, spread } from './report.ts'
import { ratioOf, type Spread, spreadOf } from './statistics.ts'
import { Table } from './table.ts'
import { ADMIN } from './viewers.ts'

const run = promisify(execFile)

/** The list of all images in one answer, beside a server that pipes a file of the same bytes. */

const RATIO_MIN = { atLeast: 0.2, reached: 0.09 }
const RESIDENT_MIB_MAX = 250
/** Where the collection of garbage may come late, since other work takes the cores. */
const SHORT_FORM_RESIDENT_MIB_MAX = 350
const ROUNDS = 3
const SAMPLE_EVERY_MS = 20
const MIB = 1024 * 1024
const PATH = '/v2.1/images/detail'

export interface WholeListFigures {
  readonly size: number
  readonly bytes: number
  readonly mibPerSecond: Spread
  readonly pipedMibPerSecond: Spread
  readonly ratio: Spread
  /** Seconds of processor time for one list. */
  readonly cpuSeconds: Spread
  readonly pipedCpuSeconds: Spread
  /** The most of the serving process while it sent the lists. */
  readonly residentMibMax: number
}

/** Of the largest catalogue, for an administrator, who sees all but hidden images. */
export async function measureWholeList(
  built: readonly BuiltCatalogue[],
  folder: string,
): Promise<WholeListFigures> {
  const largest = built.at(-1)
  if (largest === undefined) throw new Error('there is no catalogue to serve')
  const file = join(folder, 'whole-list.json')
  await using product = await serve(largest.data)
  const ours = {
    pid: product.pid,
    url: product.computeUrl,
    token: await product.signIn(ADMIN.name),
  }
  const recorded = await fetchList(ours, file)
  await using piping = await startPiping(file)
  const rounds = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const answered = await fetchList(ours, '/dev/null')
    const piped = await fetchList({ ...piping, token: '' }, '/dev/null')
    for (const { bytes } of [answered, piped]) {
      if (bytes !== recorded.bytes) throw new Error('the lists are not of the same bytes')
    }
    rounds.push({ answered, piped })
  }
  await rm(file)
  const rates = rounds.map(({ answered }) => recorded.bytes / MIB / answered.seconds)
  const pipedRates = rounds.map(({ piped }) => recorded.bytes / MIB / piped.seconds)
  return {
    size: largest.size,
    bytes: recorded.bytes,
    mibPerSecond: spreadOf(rates),
    pipedMibPerSecond: spreadOf(pipedRates),
    ratio: ratioOf(rates, pipedRates),
    cpuSeconds: spreadOf(rounds.map(({ answered }) => answered.cpuSeconds)),
    pipedCpuSeconds: spreadOf(rounds.map(({ piped }) => piped.cpuSeconds)),
    residentMibMax: Math.max(...rounds.map(({ answered }) => answered.residentMib)),
  }
}

interface Server {
  readonly pid: number
  readonly url: string
  readonly token: string
}

/** @param to the file that curl writes the answer to */
async function fetchList({ pid, url, token }: Server, to: string) {
  let most = residentMib(pid)
  const sampling = setInterval(() => {
    most = Math.max(most, residentMib(pid))
  }, SAMPLE_EVERY_MS)
  const beforeMs = cpuTimeMs(pid)
  try {
    const flags = ['-sSf', '-o', to, '-w', '%{size_download} %{time_total}']
    const { stdout } = await run('curl', [...flags, '-H', `X-Auth-Token: ${token}`, url + PATH])
    const [bytes = Number.NaN, seconds = Number.NaN] = stdout.split(' ').map(Number)
    return { bytes, seconds, cpuSeconds: (cpuTimeMs(pid) - beforeMs) / 1000, residentMib: most }
  } finally {
    clearInterval(sampling)
  }
}

async function startPiping(file: string) {
  const child = fork(new URL('pipe-server.ts', import.meta.url), [file])
  const ended = once(child, 'exit')
  const [url] = (await once(child, 'message')) as [string]
  return {
    pid: child.pid ?? 0,
    url,
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}

const TABLE = new Table([
  ['', 24, 'left'],
  ['MiB/s', 22, 'right'],
  ['ratio', 18, 'right'],
  ['CPU s', 18, 'right'],
  ['MiB resident', 12, 'right'],
])

export function wholeListSection(figures: WholeListFigures): string {
  const { size, bytes, mibPerSecond, pipedMibPerSecond, ratio } = figures
  const rows = [
    TABLE.row([
      'a file piped',
      spread(pipedMibPerSecond, 0),
      '1.00',
      spread(figures.pipedCpuSeconds, 1),
      '',
    ]),
    TABLE.row([
      'the whole list',
      spread(mibPerSecond, 0),
      spread(ratio, 2),
      spread(figures.cpuSeconds, 1),
      count(figures.residentMibMax),
    ]),
  ]
  return `
## The whole list

\`images/detail\` without a limit, of the catalogue of ${count(size)} images: ${count(bytes / MIB)} MiB for an administrator, fetched by \`curl\`, in turn with a
\`node:http\` server that pipes a file of the same bytes; ${ROUNDS} rounds. CPU: seconds of processor time of the serving process for
one list. Resident: the most that the product's process took meanwhile.

${TABLE.head()}${rows.join('')}`
}

export function judgeWholeList(figures: WholeListFigures, form: Form): readonly Demand[] {
  const { size, ratio, cpuSeconds, pipedCpuSeconds, residentMibMax } = figures
  const min = required(RATIO_MIN, form)
  const residentMax = form.isStrict ? RESIDENT_MIB_MAX : SHORT_FORM_RESIDENT_MIB_MAX
  const ofCpu = pipedCpuSeconds.median / cpuSeconds.median
  const measured = form.isStrict ? ratio.median : Math.max(ratio.median, ofCpu)
  return [
    judgeLeast(
      `the whole list of ${count(size)} images: at least ${min} of a file piped`,
      measured,
      min,
    ),
    {
      demand: `the whole list of ${count(size)} images: under ${residentMax} MiB resident`,
      measured: `${count(residentMibMax)} MiB`,
      isMet: residentMibMax < residentMax,
    },
  ]
}
