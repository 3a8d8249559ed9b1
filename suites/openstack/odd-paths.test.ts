import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  computeWrites,
  everyMethod,
  imageWrites,
  oddPaths,
  sendRaw,
} from '../../test/server/path-forms.ts'
import { type Cloud, startCloud } from './cloud.ts'
import { deleteAllImages, type GlanceApi, glanceApi } from './glance-api.ts'
import { type Front, startFront } from './start-front.ts'

/**
 * Paths that end in dots, slashes and the like: at the real Nova and Glance, and over that Glance.
 */

let cloud: Cloud
let front: Front
let glance: GlanceApi
let token = ''

before(async () => {
  cloud = await startCloud()
  await deleteAllImages(cloud.glanceUrl, await cloud.token('admin', 'admin'))
  front = await startFront(['--glance-url', cloud.glanceUrl, '--keystone-url', cloud.keystoneUrl])
  glance = glanceApi(cloud.glanceUrl)
  token = await cloud.token('demo', 'demo')
})
after(async () => {
  await front?.[Symbol.asyncDispose]()
  await cloud?.stop()
})

const KEPT = { color: 'red', shape: 'round' }

async function makeImage(): Promise<string> {
  const body = { name: 'odd paths', tags: ['kept'], visibility: 'private', ...KEPT }
  const { id } = await glance.call('POST', '/images', token, body)
  return String(id)
}

/** The image as before, apart from names that the request itself added. */
async function assertKept(id: string, what: string): Promise<void> {
  const image = await glance.call('GET', `/images/${id}`, token).catch(() => undefined)
  assert.ok(image !== undefined, `${what}: the image is gone`)
  for (const [key, value] of Object.entries(KEPT)) assert.equal(image[key], value, what)
  assert.equal(Object.hasOwn(image, 'added'), false, `${what}: a parent was written to`)
  assert.ok((image['tags'] as string[]).includes('kept'), what)
}

test('over a Glance no path reaches another resource, and Nova refuses what is refused', async (t) => {
  const ids = { front: await makeImage(), nova: await makeImage() }
  const project = cloud.projects.demo
  const writes = (id: string) => computeWrites(`/v2.1/${project}`, id, 'color').flatMap(everyMethod)
  const theirs = writes(ids.nova)
  const differ = new Map<string, number>()
  let requests = 0
  for (const [index, written] of writes(ids.front).entries()) {
    const their = theirs[index] ?? assert.fail()
    const theirPaths = oddPaths(their.path)
    for (const [n, path] of oddPaths(written.path).entries()) {
      const status = await sendRaw(front.url, path, written, token)
      const what = `${written.method} ${path}: ${status}`
      assert.ok(status < 500, what)
      await assertKept(ids.front, what)
      const novas = await sendRaw(cloud.novaUrl, theirPaths[n] ?? '', their, token)
      requests += 1
      if (status < 300) assert.ok(novas < 300, `${what}; Nova ${novas}`)
      if (status !== novas) {
        const kind = `${status} here, ${novas} there`
        differ.set(kind, (differ.get(kind) ?? 0) + 1)
      }
    }
  }
  t.diagnostic(`${requests} requests; ${JSON.stringify(Object.fromEntries(differ))}`)
})

test('the real Glance keeps its images as the embedded Image API does', async (t) => {
  const id = await makeImage()
  let requests = 0
  for (const written of imageWrites(id, 'kept', cloud.projects.alt).flatMap(everyMethod)) {
    for (const path of oddPaths(written.path)) {
      const status = await sendRaw(cloud.glanceUrl, path, written, token)
      requests += 1
      await assertKept(id, `Glance: ${written.method} ${path}: ${status}`)
    }
  }
  t.diagnostic(`${requests} requests`)
})
