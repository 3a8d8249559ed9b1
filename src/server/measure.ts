import { stat } from 'node:fs/promises'
import type { Answers } from '../api/compute/answers.ts'
import type { ShortMemory } from '../catalogue/short-memory/short-memory.ts'
import { ImageCount } from '../catalogue/sqlite/image-count.ts'
import type { Database } from '../database/database.ts'
import type { RequestSlots } from '../limits/request-slots.ts'
import { samplesOf } from '../metrics/label-counts.ts'
import type { MetricsRegistry } from '../metrics/metrics-registry.ts'

/** The embedded catalogue. @param file of its database */
export function measureCatalogue(
  registry: MetricsRegistry,
  database: Database,
  file: string,
): void {
  const write = () => database.stats()
  const count = new ImageCount(database)
  registry.add('afterimage_images', async () => one(await count.images()))
  registry.add('afterimage_database_bytes', async () =>
    samplesOf({ main: await sizeOf(file), wal: await sizeOf(`${file}-wal`) }),
  )
  registry.add('afterimage_database_writes_total', () => {
    const { kept, failed, busy, undone } = write()
    return samplesOf({ kept, failed, busy, undone })
  })
  registry.add('afterimage_database_busy_waits_total', () => one(write().busyWaits))
  registry.add('afterimage_database_busy_wait_seconds_total', () => one(write().busyWaitMs / 1000))
}

/** The requests that the process works on, and those that wait until it can. */
export function measureSlots(registry: MetricsRegistry, slots: RequestSlots): void {
  registry.add('afterimage_requests_worked_on', () => one(slots.inFlight))
  registry.add('afterimage_requests_waiting', () => one(slots.waiting))
}

/** Printed answers of the Compute API, which are kept where the catalogue is embedded. */
export function measureAnswers(registry: MetricsRegistry, answers: Answers): void {
  registry.add('afterimage_answer_cache_lookups_total', () => {
    const { hits: hit, misses: miss } = answers.stats()
    return samplesOf({ hit, miss })
  })
  registry.add('afterimage_answer_cache_answers', () => one(answers.stats().answers))
  registry.add('afterimage_answer_cache_bytes', () => one(answers.stats().bytes))
}

export function measureShortMemory(registry: MetricsRegistry, memory: ShortMemory): void {
  registry.add('afterimage_short_memory_lookups_total', () => samplesOf(memory.lookups()))
  registry.add('afterimage_short_memory_lists', () => one(memory.stats().lists))
  registry.add('afterimage_short_memory_bytes', () => one(memory.stats().bytes))
}

function one(value: number) {
  return [{ labels: [], value }]
}

/** A file that is not there has no bytes. */
async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}
