import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../test/server/free-port.ts'
import { Served } from '../../test/workers/served.ts'
import { fill, largestImage, usualImage } from './images.ts'
import { forgetPeak, heldAtLeast, inMib, MIB, peakBytes, residentBytes } from './process-memory.ts'
import { begun, readAll, SlowReader } from './readers.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-memory-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const CODINGS = [undefined, 'zstd'] as const

/** As many as one process has; more than one caller may have by default. */
const READERS = 50
const READER_BYTES_PER_SECOND = 20_000
/** The 512 KiB that a reader may hold, and as much of what is not collected yet. */
const READER_BYTES_MAX = MIB
/** The whole process with 50 of them, and with what 50 lists that begin together leave to collect. */
const RESIDENT_BYTES_MAX = 400 * MIB
/** While one list is read as fast as it goes. */
const PEAK_BYTES_MAX = 300 * MIB

const USUAL_IMAGES = Number(process.env['MEMORY_IMAGES'] ?? 100_000)

describe(`a list of ${USUAL_IMAGES} images`, () => {
  let served: Served
  let token: string
  let metricsUrl: string
  before(async () => {
    const data = join(dir, 'usual')
    const metricsPort = await freePort()
    metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`
    const flags = ['--metrics-port', String(metricsPort), '--limits-lists-per-caller', '0']
    served = await new Served(data, flags).greeted()
    token = await served.token()
    await fill(data, USUAL_IMAGES, usualImage)
  })
  after(async () => served[Symbol.asyncDispose]())

  const list = (coding?: string) => ({
    url: `${served.url('compute')}/v2.1/images/detail`,
    token,
    ...(coding === undefined ? {} : { coding }),
  })

  /** Pages that are other ones each time, so that they are made anew. */
  let asked = 0
  const churn = async () => {
    for (let i = 0; i < 20; i += 1) {
      asked += 1
      await readAll({ url: `${list().url}?limit=100&other=${asked}`, token })
    }
  }

  for (const coding of CODINGS) {
    it(`takes little for each of ${READERS} slow readers, ${coding ?? 'plain'}`, async (t) => {
      for (let i = 0; i < 2; i += 1) await readAll(list(coding))
      if (coding === undefined) {
        const peak = peakBytes(served.pid)
        assert.ok(peak <= PEAK_BYTES_MAX, `${inMib(peak)} while one list is read`)
      }
      const held = await heldAtLeast(metricsUrl, churn)
      const resident = residentBytes(served.pid)
      forgetPeak(served.pid)
      const readers = await Promise.all(
        Array.from({ length: READERS }, () =>
          SlowReader.begin(list(coding), READER_BYTES_PER_SECOND),
        ),
      )
      try {
        assert.ok(await begun(readers))
        await sleep(1000)
        const heldMore = (await heldAtLeast(metricsUrl, churn)) - held
        const residentMore = residentBytes(served.pid) - resident
        t.diagnostic(
          `${inMib(resident)} resident, ${inMib(residentMore)} more, peak ${inMib(peakBytes(served.pid))}; ${inMib(held)} held, ${inMib(heldMore)} more`,
        )
        for (const reader of readers) assert.match(reader.head, /^HTTP\/1.1 200/)
        assert.ok(heldMore <= READERS * READER_BYTES_MAX, `${heldMore} bytes more are held`)
        const peak = peakBytes(served.pid)
        assert.ok(peak <= RESIDENT_BYTES_MAX, inMib(peak))
      } finally {
        for (const reader of readers) reader[Symbol.dispose]()
      }
    })
  }
})

const LISTS = 8
const LISTS_RESIDENT_BYTES_MAX = 512 * MIB
const LARGEST_IMAGES = 24

describe(`a list of ${LARGEST_IMAGES} images with the largest properties`, () => {
  /** Each case has a process of its own, that nothing before has made larger. */
  let served: Served
  let token: string
  let isFilled = false
  beforeEach(async () => {
    const data = join(dir, 'largest')
    served = await new Served(data, []).greeted()
    token = await served.token()
    if (!isFilled) await fill(data, LARGEST_IMAGES, largestImage, 4)
    isFilled = true
  })
  afterEach(async () => served[Symbol.asyncDispose]())

  const urls = () => ({
    compute: `${served.url('compute')}/v2.1/images/detail`,
    image: `${served.url('image')}/v2/images?limit=1000`,
  })
  for (const face of ['compute', 'image'] as const) {
    for (const coding of CODINGS) {
      it(`${LISTS} at once stay within 512 MiB, ${face} API, ${coding ?? 'plain'}`, async (t) => {
        forgetPeak(served.pid)
        const wanted = { url: urls()[face], token, ...(coding === undefined ? {} : { coding }) }
        const answers = await Promise.all(Array.from({ length: LISTS }, () => readAll(wanted)))
        const peak = peakBytes(served.pid)
        t.diagnostic(`${inMib(peak)} at the peak, ${inMib(answers[0]?.bytes ?? 0)} each`)
        for (const { head } of answers) assert.match(head, /^HTTP\/1.1 200/)
        assert.ok(peak <= LISTS_RESIDENT_BYTES_MAX, inMib(peak))
      })
    }
  }
})
