import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { documentLines } from './generate.ts'
import type { Measured } from './measure.ts'

/** How many documents the long run imports; the short one a tenth of that. */
const DOCUMENTS = Number(process.env['IMPORT_DOCUMENTS'] ?? 100_000)
/** Below this an import is called broken; on two quiet cores it should be twice as fast. */
const DOCUMENTS_PER_SECOND_MIN = 5000
/** What ten times the documents may add to the peak: the variation of garbage collection. */
const GROWTH_BYTES_MAX = 64 * 1024 * 1024
/** Sometimes a collection comes late; a leak is there in every run. So the smallest peak counts. */
const MORE_RUNS = 3
/** No import needs more at its peak, whatever the size of the file and of the catalogue. */
const PEAK_BYTES_MAX = 512 * 1024 * 1024

const MEASURE = new URL('measure.ts', import.meta.url).pathname
const run = promisify(execFile)
let folder = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-'))
  await write('long.json', DOCUMENTS)
  await write('short.json', DOCUMENTS / 10)
})
after(() => rm(folder, { recursive: true }))

async function write(name: string, documents: number): Promise<void> {
  const file = await open(join(folder, name), 'w')
  for (let from = 0; from < documents; from += 1000) {
    await file.write(documentLines(from, Math.min(documents, from + 1000)))
  }
  await file.close()
}

async function measure(name: string, into?: string): Promise<Measured> {
  const target = into === undefined ? [] : [join(folder, into)]
  const { stdout } = await run(process.execPath, [MEASURE, join(folder, name), ...target])
  return JSON.parse(stdout)
}

function print({ created, elapsedMs, cpuMs, peakBytes }: Measured): string {
  const rate = Math.round((created / elapsedMs) * 1000)
  const cpu = Math.round((cpuMs / created) * 1000)
  const peak = Math.round(peakBytes / 1024 / 1024)
  return `${created} documents: ${rate} a second, ${cpu} us of CPU each, peak ${peak} MiB`
}

for (const [what, into] of [
  ['reading alone', undefined],
  ['into SQLite', 'catalogue'],
] as const) {
  test(`imports ${DOCUMENTS} documents, ${what}, fast enough and in flat memory`, async (t) => {
    const short = await measure('short.json', into && `${into}-short`)
    const long = await measure('long.json', into)
    t.diagnostic(`${what}, ${print(short)}`)
    t.diagnostic(`${what}, ${print(long)}`)
    assert.deepEqual([long.created, long.bad], [DOCUMENTS, 0])
    assert.ok((long.created / long.elapsedMs) * 1000 >= DOCUMENTS_PER_SECOND_MIN, print(long))
    assert.ok(long.peakBytes <= PEAK_BYTES_MAX, print(long))
    if (into === undefined) {
      let least = long.peakBytes
      for (let more = 0; more < MORE_RUNS; more += 1) {
        least = Math.min(least, (await measure('long.json')).peakBytes)
      }
      const grownBytes = least - short.peakBytes
      assert.ok(
        grownBytes <= GROWTH_BYTES_MAX,
        `${grownBytes} bytes more for ten times the documents`,
      )
    }
  })
}
