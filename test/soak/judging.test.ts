import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { compare } from '../../suites/soak/compare.ts'
import { growthFaults } from '../../suites/soak/processes.ts'
import { RememberedImage, sha512 } from '../../suites/soak/remembered.ts'
import { type Result, Tally } from '../../suites/soak/tally.ts'

/** What a soak run fails for. */

const USUAL = { list: [200], 'look at the end': [200, 404] } as const

function ended(result: Result, startMs: number, endMs: number) {
  return { kind: 'list', result, detail: 'GET /list', startMs, endMs }
}

describe('how requests may end', () => {
  it('as usual, and otherwise only within the time in which that is allowed', () => {
    const tally = new Tally(USUAL)
    const allowance = Object.assign(tally.allow([429, 'cut']), { fromMs: 100, toMs: 200 })
    tally.add(ended(200, 0, 1000))
    tally.add(ended(429, 50, 150)) // it began before, and may have been refused within
    tally.add(ended('cut', 50, 150))
    assert.deepEqual(tally.faults(), [])
    tally.add(ended(429, 201, 300))
    tally.add(ended('cut', 50, 201)) // a cut is seen when it happens
    tally.add(ended(500, 120, 150))
    tally.add(ended('none', 120, 150))
    const groups = tally.faults().map((fault) => fault.split(',')[0])
    assert.deepEqual(groups, ['list: 429', 'list: cut', 'list: 500', 'list: none'])
    allowance.toMs = 300
    assert.equal(tally.faults().length, 2)
    assert.deepEqual([tally.requests, tally.count('cut')], [7, 2])
  })

  it('only for the kinds of request that it is allowed for', () => {
    const tally = new Tally(USUAL)
    Object.assign(tally.allow(['cut'], ['metrics']), { fromMs: 0 })
    tally.add(ended('cut', 50, 150))
    assert.equal(tally.faults().length, 1)
  })
})

describe('what processes hold', () => {
  const flat = { middle: 100, last: 100 }
  const figures = (memoryMib = flat, handles = flat) => [{ name: 'it', memoryMib, handles }]

  it('is flat up to a quarter and the slack, and a fault beyond', () => {
    assert.deepEqual(growthFaults(figures({ middle: 100, last: 173 })), [])
    assert.equal(growthFaults(figures({ middle: 100, last: 174 })).length, 1)
    assert.equal(growthFaults(figures(flat, { middle: 100, last: 158 })).length, 1)
  })

  it('is a fault where there are no samples', () => {
    assert.equal(growthFaults(figures({ middle: 100, last: Number.NaN })).length, 1)
  })
})

const ANSWER = { headers: {}, body: Buffer.alloc(0), detail: '' }
const DATA = Buffer.from('the bytes')

/** An image that was made, changed, shared and has data; each of it acknowledged. */
function remembered(): RememberedImage {
  const image = new RememberedImage('an-id', 'first')
  image.exists.change(true, { ...ANSWER, result: 201 }, 201)
  image.note.change('second', { ...ANSWER, result: 200 }, 200)
  image.member.change(true, { ...ANSWER, result: 200 }, 200)
  image.data.change(sha512(DATA), { ...ANSWER, result: 204 }, 204)
  return image
}

const WHOLE = {
  id: 'an-id',
  name: 'soaked',
  note: 'second',
  status: 'active',
  os_hash_value: sha512(DATA),
}

/** Compares with a service that holds one image, or none. */
async function faultsOf(image: RememberedImage, held: object | undefined, data = DATA) {
  const server = createServer(({ url = '' }, response) => {
    if (url.includes('?')) response.end(JSON.stringify({ images: held ? [held] : [] }))
    else if (held === undefined) response.writeHead(404).end()
    else if (url.endsWith('/members')) response.end('{"members": [{}]}')
    else response.end(url.endsWith('/file') ? data : JSON.stringify(held))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const compared = await compare({
    tally: new Tally(USUAL),
    images: `${url}/v2/images`,
    compute: url,
    metrics: [],
    writer: 'a token',
    reader: 'a token',
    member: 'a project',
    remembered: [image],
    isOn: () => false,
  })
  server.close()
  server.closeAllConnections()
  return compared.faults
}

describe('what was acknowledged', () => {
  it('is compared in every part', async () => {
    assert.deepEqual(await faultsOf(remembered(), WHOLE), [])
    assert.equal((await faultsOf(remembered(), undefined)).length, 2)
    assert.equal((await faultsOf(remembered(), { ...WHOLE, note: 'first' })).length, 1)
    assert.equal((await faultsOf(remembered(), { ...WHOLE, status: 'queued' })).length, 1)
    assert.equal((await faultsOf(remembered(), WHOLE, Buffer.from('others'))).length, 2)
  })

  it('may be the one or the other where a change was cut, and no third', async () => {
    const image = remembered()
    image.note.change('third', { ...ANSWER, result: 'cut' }, 200)
    for (const note of ['second', 'third']) {
      assert.deepEqual(await faultsOf(image, { ...WHOLE, note }), [])
    }
    assert.equal((await faultsOf(image, { ...WHOLE, note: 'first' })).length, 1)
  })

  it('is gone where its end was acknowledged, and as it was where a change was refused', async () => {
    const image = remembered()
    image.note.change('third', { ...ANSWER, result: 429 }, 200)
    assert.equal((await faultsOf(image, { ...WHOLE, note: 'third' })).length, 1)
    image.exists.change(false, { ...ANSWER, result: 204 }, 204)
    assert.deepEqual(await faultsOf(image, undefined), [])
    assert.equal((await faultsOf(image, WHOLE)).length, 2)
  })
})
