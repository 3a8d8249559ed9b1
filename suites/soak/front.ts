import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../test/server/free-port.ts'
import { Served } from '../../test/workers/served.ts'
import { Chance } from '../fuzz/chance.ts'
import { type Answer, Caller } from './caller.ts'
import { MOMENT_MS, pause } from './disturb.ts'
import type { Part, Progress } from './part.ts'
import { growthFaults, type ProcessFigures, SAMPLE_EVERY_MS, Watch } from './processes.ts'
import { stop } from './stop.ts'
import { Tally } from './tally.ts'

const FAKE = fileURLToPath(new URL('fake-cloud.ts', import.meta.url))
const OUTAGE_MS = 4000
const QUIET_MS = 2000
/** So many good answers in a row over new connections: each of two workers has noticed. */
const GOOD_ANSWERS = 8
const RECOVERY_MS_MAX = 30_000
const FIRST_BYTE_TIMEOUT_MS = 1000
const CALLERS = 4
const IMAGE_ID = '00000000-0000-4000-8000-000000000001'
const LIMITS = [
  ...['--upstream-first-byte-timeout-ms', String(FIRST_BYTE_TIMEOUT_MS)],
  ...['--upstream-answer-timeout-ms', String(3 * FIRST_BYTE_TIMEOUT_MS)],
]

/** What is documented for the time without a Glance or a Keystone; a list that was begun is cut. */
export const OUTAGE_RESULTS = [502, 503, 504, 'cut'] as const

const USUAL = {
  list: [200],
  'list, token not known yet': [200],
  'list, ETag': [200, 304],
  'show an image': [200],
  'wrong token': [401],
  'caller who leaves': [200, 'left'],
  'look for recovery': [200, ...OUTAGE_RESULTS],
} as const

/** A service that is stopped, goes on, is killed and is started again. */
class Fake {
  readonly kind: 'glance' | 'keystone'
  readonly #port: number
  #child: ChildProcess | undefined

  constructor(kind: 'glance' | 'keystone', port: number) {
    this.kind = kind
    this.#port = port
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async start(): Promise<void> {
    const args = [FAKE, this.kind, String(this.#port)]
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(this.#child.stdout ?? this.#child, 'data')
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  async end(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }
}

type Outage = readonly [what: string, begin: (fake: Fake) => unknown, end: (fake: Fake) => unknown]

const OUTAGES: readonly Outage[] = [
  ['is stopped', (fake) => fake.signal('SIGSTOP'), (fake) => fake.signal('SIGCONT')],
  ['is killed', (fake) => fake.end(), (fake) => fake.start()],
]

/** Two workers in front of a Glance and a Keystone that come and go. */
export async function soakInFront(
  folder: string,
  durationMs: number,
  progress: Progress,
): Promise<Part> {
  const glance = new Fake('glance', await freePort())
  const keystone = new Fake('keystone', await freePort())
  const tally = new Tally(USUAL)
  const faults: string[] = []
  let processes: readonly ProcessFigures[] = []
  let outages = 0
  await Promise.all([glance.start(), keystone.start()])
  const flags = ['--workers', '2', '--log-requests', 'false', ...LIMITS]
  flags.push('--glance-url', glance.url, '--keystone-url', keystone.url)
  const served = new Served(join(folder, 'in-front'), flags, ['--compute-port', '0'])
  const endAll = () => {
    served.kill('SIGKILL')
    for (const fake of [glance, keystone]) fake.signal('SIGKILL')
  }
  process.once('exit', endAll) // nothing is left running when the run is broken off
  try {
    await served.greeted()
    const endMs = performance.now() + durationMs
    let isOver = false
    const front: Front = {
      tally,
      images: `${served.url('compute')}/v2.1/images`,
      isOn: () => !isOver,
    }
    const watch = new Watch()
    const disturbed = disturb(front, [glance, keystone], endMs).finally(() => {
      isOver = true
    })
    const [seen] = await Promise.all([
      disturbed,
      watchIt(served, watch, front, progress),
      ...Array.from({ length: CALLERS }, (_, i) => call(front, i)),
    ])
    outages = seen.outages
    processes = watch.figures()
    faults.push(...seen.faults, ...growthFaults(processes))
  } catch (error) {
    faults.push(`it was not carried through: ${error}`)
  }
  faults.push(...(await stop(served)))
  await Promise.all([glance.end(), keystone.end()])
  faults.push(...tally.faults())
  return { name: 'in front of a cloud', tally, processes, figures: { outages }, faults }
}

interface Front {
  readonly tally: Tally
  /** The list of the Compute API. */
  readonly images: string
  isOn(): boolean
}

/** Every outage of both at least once, and over and over until the time is up. */
async function disturb(front: Front, fakes: readonly Fake[], endMs: number) {
  const faults: string[] = []
  let outages = 0
  while (outages === 0 || performance.now() < endMs) {
    for (const fake of fakes) {
      for (const outage of OUTAGES) {
        await pause(front, QUIET_MS)
        faults.push(...(await suffer(front, fake, outage)))
        outages += 1
      }
    }
  }
  await pause(front, QUIET_MS)
  return { outages, faults }
}

/** One outage, until all is well again. */
async function suffer({ tally, images }: Front, fake: Fake, [what, begin, end]: Outage) {
  const before = failures(tally)
  const allowance = tally.allow(OUTAGE_RESULTS)
  await begin(fake)
  await sleep(OUTAGE_MS)
  await end(fake)
  const faults: string[] = []
  if (failures(tally) === before) faults.push(`nobody noticed that ${fake.kind} ${what}`)
  const untilMs = performance.now() + RECOVERY_MS_MAX
  const caller = new Caller(tally)
  for (let good = 0; good < GOOD_ANSWERS; ) {
    const answer = await caller.ask({ kind: 'look for recovery', url: images, token: newToken() })
    good = answer.result === 200 ? good + 1 : 0
    caller.close()
    if (performance.now() > untilMs) {
      return [
        ...faults,
        `no recovery ${RECOVERY_MS_MAX} ms after ${fake.kind} ${what}: ${answer.detail}`,
      ]
    }
  }
  allowance.toMs = performance.now() + MOMENT_MS / 3
  return faults
}

function failures(tally: Tally): number {
  return OUTAGE_RESULTS.reduce((sum, result) => sum + tally.count(result), 0)
}

let tokens = 0
/** One that Keystone has to be asked about. */
function newToken(): string {
  tokens += 1
  return `gAAAAA-good-${tokens}`
}

function judgeList({ body }: Answer): string | undefined {
  return JSON.parse(body.toString()).images.length > 0 ? undefined : 'an empty list'
}

async function call({ tally, images, isOn }: Front, seed: number): Promise<void> {
  const chance = new Chance(seed)
  const caller = new Caller(tally)
  const token = newToken()
  let etag = ''
  const ways = [
    () => caller.ask({ kind: 'list', url: images, token, judge: judgeList }),
    () => caller.ask({ kind: 'list, token not known yet', url: images, token: newToken() }),
    async () => {
      const headers = etag === '' ? {} : { 'if-none-match': etag }
      const answer = await caller.ask({ kind: 'list, ETag', url: images, token, headers })
      etag = answer.headers.etag ?? etag
    },
    () => caller.ask({ kind: 'show an image', url: `${images}/${IMAGE_ID}`, token }),
    () => caller.ask({ kind: 'wrong token', url: images, token: `wrong-${chance.below(2 ** 31)}` }),
    () => {
      const leaveAfterMs = chance.below(10)
      return caller.ask({ kind: 'caller who leaves', url: images, token, leaveAfterMs })
    },
  ]
  while (isOn()) await chance.pick(ways)()
  caller.close()
}

async function watchIt(served: Served, watch: Watch, { tally, isOn }: Front, progress: Progress) {
  await served.until(() => served.workers().length === 2)
  const [one = 0, other = 0] = served.workers()
  while (isOn()) {
    watch.sample({ 'first process': served.pid, 'one worker': one, 'the other worker': other })
    progress(`in front: ${tally.requests} requests, ${failures(tally)} failed meanwhile`)
    await sleep(SAMPLE_EVERY_MS)
  }
  if (served.workers().length !== 2) throw new Error('a worker has ended')
}
