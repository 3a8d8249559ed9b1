import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Cloud, startCloud } from './cloud.ts'
import { type Haproxy, startHaproxy } from './haproxy.ts'
import { switchPublicEndpoints } from './public-endpoints.ts'
import { type ClientName, runClient } from './run-client.ts'
import { seedRecordedImages } from './seed.ts'
import { ensureServer, FLAVOR, SERVER } from './servers.ts'
import { type Front, startFront } from './start-front.ts'

const CLIENTS: readonly ClientName[] = ['openstacksdk', 'fog-openstack']

let cloud: Cloud
let placeholders: ReadonlyMap<string, string>
let flags: readonly string[]

before(async () => {
  cloud = await startCloud()
  placeholders = await seedRecordedImages(cloud)
  await ensureServer(cloud, idOf('plain'))
  flags = ['--glance-url', cloud.glanceUrl, '--keystone-url', cloud.keystoneUrl]
})

after(async () => await cloud?.stop())

/** The user sees the same images as in Nova's list. */
async function listedByNova(): Promise<readonly (readonly unknown[])[]> {
  const response = await fetch(`${cloud.novaUrl}/v2.1/${cloud.projects.demo}/images/detail`, {
    headers: { 'X-Auth-Token': await cloud.token('demo', 'demo') },
  })
  const { images } = (await response.json()) as {
    images: readonly { readonly id: string; readonly name: string; readonly status: string }[]
  }
  return images.map(({ id, name, status }) => [id, name, status])
}

function idOf(label: string): string {
  return placeholders.get(`{image:${label}}`) ?? label
}

/** One client, one Compute endpoint of the service catalogue: its images and its servers. */
async function assertListsBoth(name: ClientName): Promise<Readonly<Record<string, unknown>>> {
  const listed = await listedByNova()
  const steps = await runClient(name, cloud)
  assert.equal(listed.length, 42)
  assert.deepEqual(steps['images'], listed)
  assert.deepEqual(steps['by name'], [idOf('plain')])
  assert.equal(steps['show'], 'last')
  assert.deepEqual(steps['servers'], [SERVER])
  return steps
}

describe('behind the shipped HAProxy configuration', () => {
  let one: Front
  let two: Front
  let proxy: Haproxy
  let switched: AsyncDisposable

  before(async () => {
    one = await startFront(flags)
    two = await startFront(flags)
    proxy = await startHaproxy({
      nova: cloud.novaUrl,
      glance: cloud.glanceUrl,
      one: one.url,
      two: two.url,
    })
    switched = await switchPublicEndpoints(cloud, {
      compute: `${proxy.computeUrl}/v2.1`,
      image: proxy.imageUrl,
    })
  })

  after(async () => {
    await switched?.[Symbol.asyncDispose]()
    await proxy?.[Symbol.asyncDispose]()
    await two?.[Symbol.asyncDispose]()
    await one?.[Symbol.asyncDispose]()
  })

  for (const name of CLIENTS) {
    test(`${name} lists images and servers on one endpoint`, async () => {
      const steps = await assertListsBoth(name)
      if (name !== 'openstacksdk') return
      assert.deepEqual(steps['flavors'], [FLAVOR])
      assert.equal((steps['pages'] as readonly string[]).length, 42)
      assert.deepEqual(steps['alternate'], [200, idOf('last')], 'the alternate link works')
    })
  }

  test('only the paths of images go to Afterimage', async () => {
    const { demo } = cloud.projects
    const token = await cloud.token('demo', 'demo')
    const cases: readonly (readonly [path: string, isOurs: boolean])[] = [
      [`/v2/${demo}/images`, true],
      [`/v2.1/${demo}/images/detail?limit=1`, true],
      ['/v2.1/images', true],
      ['/v2/images/detail?limit=1', true],
      [`/v2.1/${demo}/images/${idOf('plain')}/metadata`, true],
      [`/v2.1/${demo}/servers`, false],
      ['/v2.1/servers/detail', false],
      ['/v2.1/flavors', false],
      ['/v2.1/flavors/images', false],
      [`/v2.1/${demo}/imagesque`, false],
      ['/', false],
      ['/v2.1/', false],
    ]
    for (const [path, isOurs] of cases) {
      const response = await fetch(proxy.computeUrl + path, { headers: { 'X-Auth-Token': token } })
      // Afterimage alone names what succeeds a call.
      assert.equal(response.headers.has('deprecation'), isOurs, path)
      await response.arrayBuffer()
    }
  })

  test('a replica can go, and with all of them gone Nova answers again', async () => {
    const token = await cloud.token('demo', 'demo')
    const list = async () => {
      const response = await fetch(`${proxy.computeUrl}/v2.1/${cloud.projects.demo}/images`, {
        headers: { 'X-Auth-Token': token },
      })
      const { images } = (await response.json()) as { images: readonly unknown[] }
      assert.equal(images.length, 42)
      return response.headers.has('deprecation') ? 'Afterimage' : 'Nova'
    }
    await one[Symbol.asyncDispose]()
    for (let request = 0; request < 10; request += 1) assert.equal(await list(), 'Afterimage')
    await two[Symbol.asyncDispose]()
    const seen = new Set<string>()
    const deadlineMs = performance.now() + 10_000
    while (!seen.has('Nova') && performance.now() < deadlineMs) {
      const answered = await list().catch(() => 'nobody, until the health checks see it')
      seen.add(answered)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    assert.ok(seen.has('Nova'))
  })
})

describe('with --compute-upstream-url', () => {
  let front: Front
  let switched: AsyncDisposable

  before(async () => {
    front = await startFront([...flags, '--compute-upstream-url', cloud.novaUrl])
    switched = await switchPublicEndpoints(cloud, { compute: `${front.url}/v2.1` })
  })

  after(async () => {
    await switched?.[Symbol.asyncDispose]()
    await front?.[Symbol.asyncDispose]()
  })

  for (const name of CLIENTS) {
    test(`${name} lists images and servers on one endpoint`, async () => {
      await assertListsBoth(name)
    })
  }
})
