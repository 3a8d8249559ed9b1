import { setTimeout as sleep } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { buildCatalogue } from '../../bench/catalogue.ts'
import { PASSWORD } from '../../bench/product.ts'
import { type BenchViewer, MEMBER, OWNER, STRANGER } from '../../bench/viewers.ts'
import { writeCertificate } from '../../test/tls/make-certificate.ts'
import { Served } from '../../test/workers/served.ts'
import { afterimage } from '../backup/command.ts'
import { compare } from './compare.ts'
import { Configuration, killWorkers, livingWorkers } from './disturb.ts'
import type { Part, Progress } from './part.ts'
import { growthFaults, type ProcessFigures, SAMPLE_EVERY_MS, Watch } from './processes.ts'
import {
  askWithWrongTokens,
  leave,
  listCompute,
  listImages,
  readSlowly,
  scrape,
} from './readers.ts'
import { stop } from './stop.ts'
import { Tally } from './tally.ts'
import type { World } from './world.ts'
import { leaveUploads, upload, write } from './writers.ts'

/** Enough that a list of the owner is some MiB long. */
export const IMAGES = 4000
const CERTIFICATES = 4
/** Two ports in a row, below those that systems give out. */
const METRICS_PORT = 20_000 + 2 * (process.pid % 5000)

/** How many callers do what at once. */
export const CALLERS = {
  writers: 5,
  uploaders: 2,
  listReaders: 6,
  slowReaders: 3,
  leaving: 2,
  leavingUploads: 1,
  wrongTokens: 1,
} as const

const USUAL = {
  create: [201],
  patch: [200],
  delete: [204],
  'add a member': [200],
  'remove a member': [204],
  'read an image': [200],
  upload: [204],
  'upload that is left': ['left'],
  'read data': [200],
  'compute list, plain': [200],
  'compute list, compressed': [200],
  'compute list, ETag': [200, 304],
  'image list': [200],
  'slow reader': [200],
  'caller who leaves': [200, 'left'],
  'wrong token': [401],
  metrics: [200],
  'look at the end': [200, 404],
} as const

/** Two workers with a catalogue of their own, over TLS. */
export async function soakEmbedded(
  folder: string,
  durationMs: number,
  progress: Progress,
): Promise<Part> {
  progress('makes a catalogue')
  const { data } = await buildCatalogue(folder, IMAGES)
  const certificates = Array.from({ length: CERTIFICATES }, (_, i) =>
    writeCertificate(folder, `soak ${i}`),
  )
  setDefaultCACertificates([
    ...getCACertificates('default'),
    ...certificates.map(({ certificate }) => certificate),
  ])
  const configuration = new Configuration(folder, certificates)
  const flags = ['--workers', '2', '--config', configuration.file, '--log-requests', 'false']
  const served = new Served(data, [...flags, '--metrics-port', String(METRICS_PORT)])
  process.once('exit', () => served.kill('SIGKILL')) // nothing is left running when the run is broken off
  const tally = new Tally(USUAL)
  const faults: string[] = []
  let processes: readonly ProcessFigures[] = []
  const figures: Record<string, number> = {}
  try {
    await served.greeted()
    const world = await worldOf(served, tally, durationMs)
    const disturbed = { served, tally, isOn: world.isOn }
    const watch = new Watch()
    const [kills, reloads] = await Promise.all([
      killWorkers(disturbed),
      configuration.reload(disturbed),
      watchIt(served, watch, world, progress),
      ...callersOf(world),
    ])
    processes = watch.figures()
    progress('compares')
    const compared = await compare(world)
    faults.push(...compared.faults, ...growthFaults(processes))
    const { listed, byId, data: withData } = compared
    Object.assign(figures, {
      kills,
      reloads,
      made: world.remembered.length,
      listed,
      byId,
      withData,
    })
  } catch (error) {
    faults.push(`it was not carried through: ${error}`)
  }
  faults.push(...(await stop(served)), ...tally.faults(), ...(await checked(data)))
  return { name: 'a catalogue of its own', tally, processes, figures, faults }
}

async function worldOf(served: Served, tally: Tally, durationMs: number): Promise<World> {
  const token = async ({ name }: BenchViewer) => {
    const answer = await served.signIn(`bench-${name}`, PASSWORD, `bench-${name}`)
    return String(answer.headers['x-subject-token'])
  }
  const writer = await token(STRANGER)
  const reader = await token(OWNER)
  const endMs = performance.now() + durationMs
  return {
    tally,
    images: `${served.url('image')}/v2/images`,
    compute: `${served.url('compute')}/v2.1`,
    metrics: [0, 1].map((i) => `http://127.0.0.1:${METRICS_PORT + i}/metrics`),
    writer,
    reader,
    member: MEMBER.project,
    remembered: [],
    isOn: () => performance.now() < endMs,
  }
}

function callersOf(world: World): readonly Promise<void>[] {
  let seed = 1
  const start = (count: number, call: (world: World, seed: number) => Promise<void>) =>
    Array.from({ length: count }, () => call(world, seed++))
  return [
    ...start(CALLERS.writers, write),
    ...start(CALLERS.uploaders, upload),
    ...start(CALLERS.listReaders / 2, listCompute),
    ...start(CALLERS.listReaders / 2, listImages),
    ...start(CALLERS.slowReaders, readSlowly),
    ...start(CALLERS.leaving, leave),
    ...start(CALLERS.leavingUploads, leaveUploads),
    ...start(CALLERS.wrongTokens, askWithWrongTokens),
    scrape(world),
  ]
}

async function watchIt(served: Served, watch: Watch, world: World, progress: Progress) {
  const [elder = 0] = served.workers()
  while (world.isOn()) {
    watch.sample({ 'first process': served.pid, 'elder worker': elder })
    progress(`${world.tally.requests} requests, ${world.tally.count('cut')} cut`)
    await sleep(SAMPLE_EVERY_MS)
  }
  if (!livingWorkers(served).includes(elder)) throw new Error('the elder worker has ended')
}

async function checked(data: string): Promise<readonly string[]> {
  // The images of the catalogue that was imported have no files.
  const { code, stdout, stderr } = await afterimage([
    ...['check', '--data', data],
    ...['--data-hashes', '--without-data'],
  ])
  return code === 0 ? [] : [`afterimage check ended with ${code}: ${stdout}${stderr}`]
}
