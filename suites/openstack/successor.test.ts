import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { after, before, test } from 'node:test'
import { randomRequests } from '../../src/cli/compare/random-requests.ts'
import { seenImages } from '../../src/cli/compare/seen-images.ts'
import { type Cloud, startCloud } from './cloud.ts'
import { seedRecordedImages } from './seed.ts'
import { type Front, startFront } from './start-front.ts'

/** The link that each list over a real Glance carries, followed at that Glance. */

const REQUESTS = 1500

let cloud: Cloud
let front: Front

before(async () => {
  cloud = await startCloud()
  await seedRecordedImages(cloud)
  front = await startFront([
    ...['--glance-url', cloud.glanceUrl, '--keystone-url', cloud.keystoneUrl],
    ...['--image-public-url', cloud.glanceUrl],
  ])
})
after(async () => {
  await front?.[Symbol.asyncDispose]()
  await cloud?.stop()
})

interface ImagePage {
  readonly images: readonly { readonly id: string }[]
  readonly next?: string
}

async function get(url: string, token: string) {
  const answer = await fetch(url, { headers: { 'X-Auth-Token': token } })
  const json = (await answer.json()) as ImagePage
  return { status: answer.status, link: answer.headers.get('link') ?? '', json }
}

/** The page that the link names, or, where Compute had no limit, all of them. */
async function follow(link: string, isWhole: boolean, token: string): Promise<string[]> {
  const ids: string[] = []
  for (let url: string | undefined = link; url !== undefined; ) {
    const { status, json } = await get(url, token)
    assert.equal(status, 200, url)
    ids.push(...json.images.map(({ id }) => id))
    url = isWhole && json.next !== undefined ? cloud.glanceUrl + json.next : undefined
  }
  return ids
}

test('the successor of a random list finds the same images at the real Glance', async (t) => {
  const seed = Number(process.env['SUCCESSOR_SEED'] ?? randomInt(2 ** 31 - 1))
  t.diagnostic(`SUCCESSOR_SEED=${seed} asks the same again`)
  const project = cloud.projects.demo
  const token = await cloud.token('demo', 'demo')
  const whole = await get(`${front.url}/v2.1/${project}/images/detail`, token)
  const seen = seenImages(JSON.stringify(whole.json)) ?? assert.fail('no images are listed')
  let followed = 0
  let found = 0
  for (const { method, path } of randomRequests(REQUESTS, seed, seen)) {
    const target = path.replaceAll('{project}', project)
    if (method !== 'GET' || !/^\/v2(?:\.1)?\/(?:[^/]+\/)?images(?:\/detail)?(?:\?|$)/.test(target))
      continue
    const { status, link, json } = await get(front.url + target, token)
    const successor = /<([^>]*)>; rel="successor-version"/.exec(link)?.[1]
    if (status !== 200 || successor === undefined) continue
    const isWhole = !/[?&]limit=/.test(successor)
    const ids = await follow(successor, isWhole, token)
    assert.deepEqual(
      ids,
      json.images.map(({ id }) => id),
      `${target}\n${successor}`,
    )
    followed += 1
    if (ids.length > 0) found += 1
  }
  t.diagnostic(`${followed} lists followed, ${found} that find images`)
  assert.ok(followed > 200 && found > 50)
})
