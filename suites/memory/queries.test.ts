import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Served } from '../../test/workers/served.ts'
import { fill, usualImage } from './images.ts'
import { forgetPeak, inMib, MIB, peakBytes } from './process-memory.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-queries-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const QUERIES = Number(process.env['MEMORY_QUERIES'] ?? 200_000)
const IMAGES = 2000
/** Requests that are sent together on one connection. */
const TOGETHER = 50
const CONNECTIONS = 4
/** What the first tenth leaves is what is kept; the rest may only replace it, and be collected late. */
const GROWTH_BYTES_MAX = 128 * MIB
const PEAK_BYTES_MAX = 512 * MIB

const SORT_FIELDS = ['name', 'size', 'status', 'created_at', 'updated_at', 'id']
const HEAD = /HTTP\/1\.1 (\d+) /g

/** Another question for each number: by values, and by what is asked for. */
function questionOf(n: number): { readonly face: 'compute' | 'image'; readonly path: string } {
  const fields = SORT_FIELDS.filter((_, at) => (n >> at) % 2 === 1)
  const sort = fields.map((field) => `${field}:${n % 3 === 0 ? 'asc' : 'desc'}`).join()
  switch (n % 4) {
    case 0:
      return { face: 'compute', path: `/v2.1/images/detail?limit=5&x=${n}` }
    case 1:
      return { face: 'compute', path: `/v2.1/images?limit=5&name=image-${n}&minRam=${n % 9}` }
    case 2:
      return { face: 'image', path: `/v2/images?limit=5&size_min=${n}&sort=${sort || 'id'}` }
    default:
      return { face: 'image', path: `/v2/images?limit=5&name=image-${n}&property_${n}=x` }
  }
}

test(`memory stays bounded under ${QUERIES} distinct queries`, async (t) => {
  const data = join(dir, 'data')
  await using served = await new Served(data, []).greeted()
  await fill(data, IMAGES, usualImage)
  const token = await served.token()
  let next = 0
  const ask = async (face: 'compute' | 'image', until: number) => {
    const { hostname, port, host } = new URL(served.url(face))
    const socket = connect(Number(port), hostname).setEncoding('latin1')
    await once(socket, 'connect')
    while (next < until) {
      const paths: string[] = []
      while (paths.length < TOGETHER) {
        const question = questionOf(next)
        next += 1
        if (question.face === face) paths.push(question.path)
      }
      const head = `Host: ${host}\r\nX-Auth-Token: ${token}\r\n\r\n`
      socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\n${head}`).join(''))
      let text = ''
      for (let answers = 0; answers < TOGETHER; ) {
        const [piece] = await once(socket, 'data')
        text += piece
        const found = [...text.matchAll(HEAD)]
        answers = found.length
        for (const [, status] of found) assert.equal(status, '200', text.slice(0, 500))
      }
    }
    socket.destroy()
  }
  const askAll = (until: number) => {
    const faces = Array.from({ length: CONNECTIONS }, (_, n) => (n % 2 === 0 ? 'compute' : 'image'))
    return Promise.all(faces.map((face) => ask(face as 'compute' | 'image', until)))
  }
  await askAll(QUERIES / 10)
  const kept = peakBytes(served.pid)
  forgetPeak(served.pid)
  await askAll(QUERIES)
  const peak = peakBytes(served.pid)
  t.diagnostic(`${inMib(kept)} after a tenth, then ${inMib(peak)} at the peak`)
  assert.ok(peak - kept <= GROWTH_BYTES_MAX, `${inMib(peak - kept)} more`)
  assert.ok(peak <= PEAK_BYTES_MAX, inMib(peak))
})
