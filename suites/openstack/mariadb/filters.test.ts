import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Cloud, startCloud } from '../cloud.ts'
import { deleteAllImages, glanceApi } from '../glance-api.ts'
import { type Front, startFront } from '../start-front.ts'

/**
 * What Nova's filters find where Glance keeps its images in MariaDB, whose comparison makes no
 * difference between upper and lower case and turns text into numbers. In front of the same Glance
 * they find what they say.
 */

let cloud: Cloud
let front: Front
let token = ''

before(async () => {
  cloud = await startCloud()
  assert.equal(cloud.database, 'mariadb', 'CLOUD_DB=mariadb makes such a cloud')
  await deleteAllImages(cloud.glanceUrl, await cloud.token('admin', 'admin'))
  token = await cloud.token('demo', 'demo')
  const glance = glanceApi(cloud.glanceUrl)
  for (const image of [
    { name: 'twin', image_type: 'snapshot', instance_uuid: 'abc-1' },
    { name: 'big', min_ram: 512, min_disk: 3 },
  ]) {
    await glance.call('POST', '/images', token, image)
  }
  front = await startFront(['--glance-url', cloud.glanceUrl, '--keystone-url', cloud.keystoneUrl])
})
after(async () => {
  await front?.[Symbol.asyncDispose]()
  await cloud?.stop()
})

/** The names that are listed, sorted. */
async function names(base: string, query: string): Promise<readonly string[]> {
  const response = await fetch(`${base}/v2.1/images?${query}`, {
    headers: { 'X-Auth-Token': token },
  })
  const text = await response.text()
  assert.equal(response.status, 200, `${query}: ${text}`)
  return (JSON.parse(text).images as readonly { name: string }[]).map(({ name }) => name).toSorted()
}

const CASES: readonly (readonly [
  query: string,
  nova: readonly string[],
  here: readonly string[],
])[] = [
  ['name=twin', ['twin'], ['twin']],
  ['name=TWIN', ['twin'], []],
  ['name=tw%C3%AFn', ['twin'], []],
  ['name=twin%20', ['twin'], []],
  ['type=snapshot', ['twin'], ['twin']],
  ['type=SNAPSHOT', ['twin'], []],
  ['server=abc-1', ['twin'], ['twin']],
  ['server=ABC-1', ['twin'], []],
  ['minRam=512', ['big'], ['big']],
  ['minRam=512x', ['big'], []],
  ['minRam=abc', ['twin'], []],
  ['minRam=', ['twin'], []],
  ['minDisk=3', ['big'], ['big']],
  ['minDisk=abc', ['twin'], []],
  ['minDisk=', ['twin'], []],
]

for (const [query, nova, here] of CASES) {
  test(`${query}: Nova finds ${nova.join() || 'nothing'}, Afterimage ${here.join() || 'nothing'}`, async () => {
    assert.deepEqual(await names(cloud.novaUrl, query), nova, 'Nova')
    assert.deepEqual(await names(front.url, query), here, 'Afterimage')
  })
}
