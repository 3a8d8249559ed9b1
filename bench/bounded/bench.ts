import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  openSqliteCatalogue,
  type SqliteCatalogue,
} from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import { spreadOf } from '../statistics.ts'
import { MEMBER } from '../viewers.ts'
import { hardImage } from './hard-images.ts'
import { QUESTIONS, type Question } from './questions.ts'

/**
 * What any question costs, at 1,000,000 images made to be hard, and what the worst of them, ten side
 * by side, do to the event loop and to another caller's first page. The catalogue alone, in this
 * process, without HTTP. Prints tables, and exits with 1 when a demand is not met.
 */

const PAGE_IMAGES = 25
const RUNS = 3
const BATCH_IMAGES = 1000
const WORST = 15
const SIDE_BY_SIDE = 10
const MEASURED_MS = 5000
const ANOTHER_EVERY_MS = 5

/** The demands. */
const PAGE_MS_MAX = 25
const STRETCH_MS_MAX = 20
const TIMES_SLOWER_MAX = 3

interface Cost {
  readonly question: Question
  readonly medianMs: number
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({ options: { images: { type: 'string', default: '1000000' } } })
  const size = Number(values.images)
  const folder = await mkdtemp(join(tmpdir(), 'bench-bounded-'))
  try {
    using database = new Database(join(folder, 'catalogue.db'))
    const catalogue = openSqliteCatalogue(database)
    await fill(catalogue, size)
    const costs = await costsOf(catalogue)
    const isPageMet = printCosts(costs, size)
    return (await measureBeside(catalogue, costs)) && isPageMet
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function fill(catalogue: SqliteCatalogue, size: number): Promise<void> {
  for (let from = 0; from < size; from += BATCH_IMAGES) {
    const count = Math.min(BATCH_IMAGES, size - from)
    await catalogue.putImages(Array.from({ length: count }, (_, n) => hardImage(from + n, size)))
  }
  await catalogue.settle()
}

async function costsOf(catalogue: SqliteCatalogue): Promise<readonly Cost[]> {
  const costs: Cost[] = []
  for (const question of QUESTIONS) {
    const times: number[] = []
    for (let run = 0; run < RUNS; run += 1) times.push(await timeOf(catalogue, question))
    costs.push({ question, medianMs: spreadOf(times).median })
  }
  return costs.sort((a, b) => b.medianMs - a.medianMs)
}

async function timeOf(catalogue: SqliteCatalogue, question: Question): Promise<number> {
  const startMs = performance.now()
  if (question.api === 'image') {
    await catalogue.search(question.viewer, question.search, { limit: PAGE_IMAGES })
  } else {
    const window = { limit: PAGE_IMAGES + 1 }
    for await (const _ of catalogue.list(question.viewer, question.query, window));
  }
  return performance.now() - startMs
}

function printCosts(costs: readonly Cost[], size: number): boolean {
  print(`A page of ${PAGE_IMAGES}, ${size.toLocaleString('en')} images, median of ${RUNS}\n`)
  let isMet = true
  for (const api of ['compute', 'image'] as const) {
    const some = costs.filter(({ question }) => question.api === api)
    const dear = some.filter(({ medianMs }) => medianMs > PAGE_MS_MAX).length
    isMet &&= dear === 0
    const median = spreadOf(some.map(({ medianMs }) => medianMs)).median
    print(`${api}: ${some.length} questions, half of them within ${median.toFixed(2)} ms`)
    print(`${verdict(dear === 0)}: ${dear} above ${PAGE_MS_MAX} ms\n`)
    print('| the dearest questions | caller | ms |\n| --- | --- | ---: |')
    for (const { question, medianMs } of some.slice(0, WORST)) {
      print(`| ${question.asked} | ${question.caller} | ${medianMs.toFixed(1)} |`)
    }
    print('')
  }
  return isMet
}

async function measureBeside(catalogue: SqliteCatalogue, costs: readonly Cost[]): Promise<boolean> {
  const alone = await anotherCaller(catalogue)
  const end = { isReached: false }
  const worst = costs.slice(0, SIDE_BY_SIDE).map(async ({ question }) => {
    while (!end.isReached) {
      await timeOf(catalogue, question)
      await sleep(0)
    }
  })
  const beside = await anotherCaller(catalogue)
  end.isReached = true
  await Promise.all(worst)
  const times = beside.p99Ms / alone.p99Ms
  const isStretchMet = beside.stretchMs <= STRETCH_MS_MAX
  const isOtherMet = times <= TIMES_SLOWER_MAX
  print(`The ${SIDE_BY_SIDE} dearest side by side\n`)
  print(
    `${verdict(isStretchMet)}: longest stretch of the event loop ${beside.stretchMs.toFixed(1)} ms` +
      ` (alone ${alone.stretchMs.toFixed(1)} ms), at most ${STRETCH_MS_MAX} ms`,
  )
  print(
    `${verdict(isOtherMet)}: p99 of another caller's first page ${beside.p99Ms.toFixed(2)} ms,` +
      ` ${times.toFixed(1)} times ${alone.p99Ms.toFixed(2)} ms alone, at most ${TIMES_SLOWER_MAX}`,
  )
  return isStretchMet && isOtherMet
}

/** First pages of a caller who asks from time to time, from when each was due to its answer. */
async function anotherCaller(
  catalogue: SqliteCatalogue,
): Promise<{ readonly p99Ms: number; readonly stretchMs: number }> {
  const viewer = { project: MEMBER.project, isAdmin: false }
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const times: number[] = []
  delay.enable()
  const untilMs = performance.now() + MEASURED_MS
  while (performance.now() < untilMs) {
    const dueMs = performance.now() + ANOTHER_EVERY_MS
    await sleep(ANOTHER_EVERY_MS)
    for await (const _ of catalogue.list(viewer, {}, { limit: PAGE_IMAGES + 1 }));
    times.push(Math.max(performance.now() - dueMs, 0))
  }
  delay.disable()
  times.sort((a, b) => a - b)
  return { p99Ms: times[Math.floor(times.length * 0.99)] ?? 0, stretchMs: delay.max / 1e6 }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function verdict(isMet: boolean): string {
  return isMet ? 'met' : 'NOT MET'
}

process.exitCode = (await main()) ? 0 : 1
