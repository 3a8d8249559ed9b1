import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { readDocument, writeDocument } from '../../src/image/document.ts'
import { isListed } from '../../src/image/visibility.ts'
import { loadExample } from '../../src/transfer/example.ts'
import { MapStore } from './map-store.ts'

const PROJECTS = { demo: 'd'.repeat(32), admin: 'a'.repeat(32) }

test('the example fills an empty store with a dozen images for the two projects', async () => {
  const store = new MapStore()
  const count = await loadExample(store, PROJECTS)
  assert.equal(count, store.images.size)
  const images = [...store.images.values()]
  const demo = { project: PROJECTS.demo, isAdmin: false }
  assert.equal(images.filter((image) => isListed(image, demo)).length, 12)
  const statuses = new Set(images.map((image) => image.status))
  assert.deepEqual([...statuses].sort(), ['active', 'deactivated', 'queued'])
  const visibilities = new Set(images.map((image) => image.visibility))
  assert.deepEqual([...visibilities].sort(), ['community', 'private', 'public', 'shared'])
  assert.ok(images.some((image) => image.isHidden))
  assert.ok(images.some((image) => image.properties.get('image_type') === 'snapshot'))
  const printed = JSON.stringify(images.map(writeDocument))
  assert.doesNotMatch(printed, /\{demo\}|\{admin\}/)
})

test('the example leaves a store that holds an image as it is', async () => {
  const store = new MapStore()
  await loadExample(store, PROJECTS)
  const [first] = store.images.keys()
  for (const id of [...store.images.keys()]) if (id !== first) store.images.delete(id)
  assert.equal(await loadExample(store, PROJECTS), 0)
  assert.equal(store.images.size, 1)
})

test('every example is a document as the Image service prints it', async () => {
  for (const name of ['images.json', 'documented-image.json']) {
    const text = await readFile(new URL(`../../examples/${name}`, import.meta.url), 'utf8')
    for (const document of [JSON.parse(text)].flat()) {
      const { self, file, schema, ...stored } = document
      assert.deepEqual(writeDocument(readDocument(document)), stored)
      assert.deepEqual(
        [self, file, schema],
        [`/v2/images/${document.id}`, `/v2/images/${document.id}/file`, '/v2/schemas/image'],
      )
    }
  }
})
