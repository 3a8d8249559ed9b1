import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readDocument } from '../../../src/image/document.ts'
import { DOCUMENTED as PROJECT, startServer } from './server.ts'

/** The example of the documented page "Querying Image Details", with our hosts. */
const ID = 'ee10f19c-503c-44af-af2f-73d5e42f7a17'
const SERVER = 'b600b5b1-ed8c-4814-aefa-8b903c894c20'

const documented = {
  status: 'ACTIVE',
  updated: '2014-02-10T17:05:07Z',
  links: [
    { href: `http://compute.test/v2/${PROJECT}/images/${ID}`, rel: 'self' },
    { href: `http://compute.test/${PROJECT}/images/${ID}`, rel: 'bookmark' },
    {
      href: `http://image.test/${PROJECT}/images/${ID}`,
      type: 'application/vnd.openstack.image',
      rel: 'alternate',
    },
  ],
  id: ID,
  'OS-EXT-IMG-SIZE:size': 20578304,
  name: 'image1',
  created: '2014-02-10T17:05:01Z',
  minDisk: 2,
  server: {
    id: SERVER,
    links: [
      { href: `http://compute.test/v2/${PROJECT}/servers/${SERVER}`, rel: 'self' },
      { href: `http://compute.test/${PROJECT}/servers/${SERVER}`, rel: 'bookmark' },
    ],
  },
  progress: 100,
  minRam: 0,
  metadata: {
    clean_attempts: '3',
    image_location: 'snapshot',
    image_state: 'available',
    image_type: 'snapshot',
    instance_type_ephemeral_gb: '0',
    instance_type_flavorid: '6',
    instance_type_id: '7',
    instance_type_memory_mb: '256',
    instance_type_name: 'wj.ssd',
    instance_type_root_gb: '2',
    instance_type_rxtx_factor: '1.0',
    instance_type_swap: '0',
    instance_type_vcpus: '1',
    instance_uuid: SERVER,
    os_type: 'None',
    owner_id: PROJECT,
    user_id: '74fe4ff0674b434b8a274077d8106c5b',
  },
}

const file = new URL('../../../examples/documented-image.json', import.meta.url)
const parsed = JSON.parse(readFileSync(file, 'utf8'))
const image = readDocument(Array.isArray(parsed) ? parsed[0] : parsed)

const headers = { 'x-auth-token': 'documented' }

test('the documented example image is answered exactly as the page prints it', async () => {
  await using server = await startServer([image])
  const { status, json } = await server.ask(`/v2/${PROJECT}/images/${ID}`, { headers })
  assert.equal(status, 200)
  assert.deepEqual(json, { image: documented })
})

test('a list is an array of images, where the page prints one object', async () => {
  await using server = await startServer([image])
  const { json } = await server.ask(`/v2/${PROJECT}/images/detail`, { headers })
  assert.deepEqual(json, { images: [documented] })
})

test('zero is a value of minRam, minDisk, size and progress, and minRam is in MiB', async () => {
  const small = { ...image, minDiskGib: 0, sizeBytes: null, status: 'killed' as const }
  await using server = await startServer([{ ...small, minRamMib: 512 }])
  const { json } = await server.ask('/v2/images/detail?minRam=512&minDisk=0', { headers })
  const [found] = (json as { images: Record<string, unknown>[] }).images
  assert.equal(found?.['minRam'], 512)
  assert.equal(found?.['minDisk'], 0)
  assert.equal(found?.['OS-EXT-IMG-SIZE:size'], 0)
  assert.equal(found?.['progress'], 0)
})
