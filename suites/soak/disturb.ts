import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import type { MadeFiles } from '../../test/tls/make-certificate.ts'
import type { Served } from '../../test/workers/served.ts'
import { SLOW, SLOW_READER } from './readers.ts'
import type { Tally } from './tally.ts'

export const KILL_EVERY_MS = 20_000
export const RELOAD_EVERY_MS = 15_000
/** What a kill or a reload does to requests is over after that; a busy machine sees it late. */
export const MOMENT_MS = 3000
const LOOK_EVERY_MS = 100
/** So many new connections that each of two workers has some. */
const CONNECTIONS = 4

/** Limits that callers of this suite meet, and those that they do not. */
const TIGHT =
  'limits: {projectRequestsPerMinute: 6000, projectBurst: 100, listsPerCaller: 1, uploadsPerCaller: 1}\n'
const WIDE = ''

export interface Disturbed {
  readonly served: Served
  readonly tally: Tally
  isOn(): boolean
}

/** Sleeps, unless the time is up before. */
export async function pause({ isOn }: Pick<Disturbed, 'isOn'>, ms: number): Promise<void> {
  const untilMs = performance.now() + ms
  while (isOn() && performance.now() < untilMs) await sleep(LOOK_EVERY_MS)
}

/** Those that serve now, the eldest first. */
export function livingWorkers(served: Served): readonly number[] {
  return served.workers().filter((pid) => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  })
}

/**
 * Kills a worker over and over: always the younger one, so that the memory of the elder is that of
 * the whole time. @returns how many were killed
 */
export async function killWorkers(disturbed: Disturbed): Promise<number> {
  const { served, tally, isOn } = disturbed
  let kills = 0
  for (;;) {
    await pause(disturbed, KILL_EVERY_MS)
    if (!isOn()) return kills
    await served.until(() => livingWorkers(served).length === 2)
    const younger = livingWorkers(served).at(-1)
    if (younger === undefined) throw new Error('no worker serves')
    const started = served.workers().length
    const cuts = tally.allow(['cut'])
    // Nobody listens at its port of metrics until another worker does.
    const unwatched = tally.allow(['cut'], ['metrics'])
    const slowCuts = tally.allow(['cut'], [SLOW_READER])
    process.kill(younger, 'SIGKILL')
    kills += 1
    cuts.toMs = performance.now() + MOMENT_MS
    slowCuts.toMs = cuts.toMs + SLOW.forMs
    await served.until(() => served.workers().length > started)
    unwatched.toMs = performance.now() + MOMENT_MS
  }
}

export class Configuration {
  readonly file: string
  readonly #folder: string
  readonly #certificates: readonly MadeFiles[]
  #loaded = 0

  constructor(folder: string, certificates: readonly MadeFiles[]) {
    this.#folder = folder
    this.#certificates = certificates
    this.file = join(folder, 'soak.yaml')
    this.#write(WIDE)
  }

  /** Reloads over and over, each time with another certificate and other limits. */
  async reload(disturbed: Disturbed): Promise<number> {
    const { served, tally, isOn } = disturbed
    for (;;) {
      await pause(disturbed, RELOAD_EVERY_MS)
      if (!isOn()) return this.#loaded
      const refusals = tally.allow([429])
      await this.#load(served, TIGHT)
      await pause(disturbed, RELOAD_EVERY_MS)
      await this.#load(served, WIDE)
      refusals.toMs = performance.now() + MOMENT_MS
    }
  }

  async #load(served: Served, limits: string): Promise<void> {
    this.#loaded += 1
    this.#write(limits)
    served.kill('SIGHUP')
    const reloads = () => served.log().filter(({ msg }) => msg.startsWith('reloaded: '))
    await served.until(() => reloads().length >= this.#loaded)
    await served.until(async () => {
      const port = Number(new URL(served.url('image')).port)
      const names = Array.from({ length: CONNECTIONS }, () => servedName(port))
      return (await Promise.all(names)).every((name) => name === this.#name)
    })
  }

  get #name(): string {
    return `soak ${this.#loaded % this.#certificates.length}`
  }

  #write(limits: string): void {
    const next = this.#certificates[this.#loaded % this.#certificates.length]
    if (next === undefined) throw new Error('no certificate')
    copyFileSync(next.certFile, join(this.#folder, 'served.pem'))
    copyFileSync(next.keyFile, join(this.#folder, 'served.key'))
    writeFileSync(this.file, `tls: {certFile: served.pem, keyFile: served.key}\n${limits}`)
  }
}

/** Whose certificate a new connection gets; undefined where there was none. */
function servedName(port: number): Promise<unknown> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      resolve(socket.getPeerCertificate().subject.CN)
      socket.destroy()
    })
    socket.on('error', () => resolve(undefined))
  })
}
