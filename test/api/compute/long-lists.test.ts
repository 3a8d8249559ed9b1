import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { Answers } from '../../../src/api/compute/answers.ts'
import {
  isLarge,
  printLargeImage,
  printLargeImageBriefly,
} from '../../../src/api/compute/print-pieces.ts'
import { printBriefImage, printImage } from '../../../src/api/compute/view.ts'
import { DEMO, makeImage, startServer } from './server.ts'

const BASES = { self: 'http://a/v2.1', bookmark: 'http://a', alternate: 'http://b' }
const LARGE = Object.fromEntries(
  Array.from({ length: 9 }, (_, n) => [`text "${n}"`, `${n}\n`.repeat(30_000)]),
)
const MIB = 1024 * 1024

test('a large image is printed piece by piece, and the same text as in one', () => {
  for (const name of ['one', '"metadata":{', null]) {
    for (const more of [{}, { instance_uuid: 'a "server"', auto_disk_config: 'true' }]) {
      const image = makeImage({ name, ...LARGE, ...more, mappings: '[1]' })
      assert.ok(isLarge(image))
      const pieces = [...printLargeImage(image, BASES)]
      assert.ok(pieces.length > 5 && pieces.every(({ length }) => length < 256 * 1024))
      assert.equal(pieces.join(''), printImage(image, BASES))
      assert.equal(printLargeImageBriefly(image, BASES), printBriefImage(image, BASES))
    }
  }
  assert.ok(!isLarge(makeImage({ text: 'x'.repeat(65_535) })))
})

test('a list of large images is the same, read again as a stream, as its pages', async () => {
  const images = Array.from({ length: 5 }, () => makeImage(LARGE))
  await using server = await startServer(images)
  for (const path of ['images/detail', 'images']) {
    const url = `/v2.1/${DEMO}/${path}`
    const whole = await server.ask(url)
    assert.equal(whole.headers['etag'] === undefined, path === 'images/detail', 'one is a stream')
    const pages = await Promise.all(
      images.map(async ({ id }) => {
        const page = (await server.ask(`${url}?limit=1&marker=${id}`)).json as { images: unknown[] }
        return page.images
      }),
    )
    const first = (await server.ask(`${url}?limit=1`)).json as { images: unknown[] }
    const expected = [...first.images, ...pages.reverse().flat()]
    assert.deepEqual((whole.json as { images: unknown[] }).images, expected)
  }
})

test('while slow readers hold 32 MiB of bodies, no list above 512 KiB is gathered', () => {
  const answers = new Answers()
  const most = answers.bytesMax
  assert.equal(most, 2 * MIB)
  const responses = Array.from({ length: 20 }, () => new EventEmitter())
  const shared = Buffer.alloc(2 * MIB)
  for (const response of responses) answers.lend(shared, response)
  for (let n = 0; n < 100; n += 1) answers.lend(Buffer.alloc(512 * 1024), new EventEmitter())
  assert.equal(answers.bytesMax, most, 'one body of many readers, and short ones')
  const others = Array.from({ length: 15 }, () => new EventEmitter())
  for (const response of others) answers.lend(Buffer.alloc(2 * MIB), response)
  assert.equal(answers.bytesMax, 512 * 1024)
  others[0]?.emit('close')
  assert.equal(answers.bytesMax, most)
  answers.lend(Buffer.alloc(2 * MIB), new EventEmitter())
  for (const response of responses.slice(1)) response.emit('close')
  assert.equal(answers.bytesMax, 512 * 1024, 'one reader has it still')
  responses[0]?.emit('close')
  assert.equal(answers.bytesMax, most)
})

test('lists are gathered one after another', async () => {
  const answers = new Answers()
  const order: string[] = []
  const first = await answers.turnToGather()
  const second = answers.turnToGather().then((end) => {
    order.push('second')
    end()
  })
  const third = answers.turnToGather().then(() => order.push('third'))
  await new Promise(setImmediate)
  assert.deepEqual(order, [])
  first()
  await Promise.all([second, third])
  assert.deepEqual(order, ['second', 'third'])
})
