import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { promisify } from 'node:util'
import { installDebian } from './install.ts'
import { runClient } from './run-client.ts'
import { type Afterimage, startAfterimage } from './start-afterimage.ts'

const run = promisify(execFile)
/** Debian's own Python, whatever other comes first on the PATH. */
const PYTHON = '/usr/bin/python3'
const MIB = 1024 ** 2
const GIB = 1024 ** 3
/** Bytes written at some places of an image that is otherwise empty. */
const NOISE_BYTES = MIB
const QCOW2_VIRTUAL_BYTES = 64 * MIB

let folder: string
let disk: string
let large: string
let diskBytes: number

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'afterimage-image-api-'))
  disk = join(folder, 'disk.qcow2')
  large = join(folder, 'large.raw')
  await installDebian(['qemu-utils'])
  const raw = join(folder, 'disk.raw')
  await writeNoise(raw, QCOW2_VIRTUAL_BYTES, [0, 5, 40])
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, disk])
  diskBytes = (await stat(disk)).size
  await writeNoise(large, GIB, [0, 300, 700, 1023])
})

after(() => rm(folder, { recursive: true, force: true }))

/** @param atMib where the noise is */
async function writeNoise(path: string, bytes: number, atMib: readonly number[]): Promise<void> {
  await using file = await open(path, 'w')
  await file.truncate(bytes)
  for (const at of atMib) await file.write(randomBytes(NOISE_BYTES), 0, NOISE_BYTES, at * MIB)
}

function variables({ cloudsYaml }: Afterimage): Record<string, string> {
  return { OS_CLIENT_CONFIG_FILE: cloudsYaml, IMAGE_QCOW2: disk, IMAGE_1_GIB: large }
}

it('python-openstackclient over the Image API', async (t) => {
  t.diagnostic(`tested: ${await installDebian(['python3-openstackclient', 'python3'])}`)
  await using afterimage = await startAfterimage()
  const command = [PYTHON, 'image-api/with-openstackclient.py'] as const
  const reported = await runClient(command, afterimage, variables(afterimage))
  const id = reported.at('id')
  const made = {
    name: 'made here',
    status: 'active',
    disk_format: 'qcow2',
    size: diskBytes,
    virtual_size: QCOW2_VIRTUAL_BYTES,
    min_ram: 512,
    min_disk: 1,
    visibility: 'shared',
    protected: false,
    tags: ['base'],
  }

  await t.test('makes an image of a file', () => {
    assert.deepEqual(reported.at('create'), made)
    assert.equal(reported.at('property'), 'debian')
    assert.equal(reported.at('hash is the file'), true)
  })
  await t.test('lists it, by whatever it is asked for', () => {
    for (const step of ['list', 'list by tag', 'list by property']) {
      const found = reported.at(step) as readonly unknown[]
      assert.ok(found.includes(id), step)
    }
    assert.deepEqual(reported.at('long list'), [diskBytes])
    assert.equal(reported.at('sorted by name'), true)
    assert.equal(reported.at('every page'), 1)
    assert.equal(reported.at('listed before'), afterimage.listed.length)
  })
  await t.test('sets and unsets', () => {
    const changed = { ...made, name: 'renamed', visibility: 'private', tags: ['more'] }
    assert.deepEqual(reported.at('set and unset'), changed)
    assert.deepEqual(reported.at('properties after'), [null, 'grün'])
  })
  await t.test('saves the same bytes', () => assert.equal(reported.at('saved whole'), true))
  await t.test('shares it with a project, which accepts', () => {
    assert.deepEqual(reported.at('members'), [[true, 'pending']])
    assert.deepEqual(reported.at('accepted'), ['accepted'])
    assert.deepEqual(reported.at('members after'), [])
  })
  await t.test('protects, deactivates and publishes it', () => {
    assert.deepEqual(reported.at('delete protected'), [1, true])
    assert.equal(reported.at('deactivated'), 'deactivated')
    assert.equal(reported.at('reactivated'), 'active')
    assert.deepEqual(reported.at('publish'), [1, true])
    assert.equal(reported.at('published by the administrator'), 'public')
    assert.equal(reported.at('still for its owner to change'), 0)
  })
  await t.test('makes and saves an image of 1 GiB', () => {
    const shown = { ...made, name: 'large', disk_format: 'raw', min_ram: 0, min_disk: 0, tags: [] }
    assert.deepEqual(reported.at('large'), { ...shown, size: GIB, virtual_size: GIB })
    assert.equal(reported.at('large saved whole'), true)
  })
  await t.test('deletes them', () => assert.deepEqual(reported.at('show deleted'), [1, true]))
  reported.assertAllLookedAt()
})

it('python-glanceclient over the Image API', async (t) => {
  t.diagnostic(`tested: ${await installDebian(['python3-glanceclient', 'python3'])}`)
  await using afterimage = await startAfterimage()
  const command = [PYTHON, 'image-api/with-glanceclient.py'] as const
  const reported = await runClient(command, afterimage, variables(afterimage))
  const isTrue = (...steps: readonly string[]) => {
    for (const step of steps) assert.equal(reported.at(step), true, step)
  }

  await t.test('lists all images, in pages and in order', () => {
    assert.equal(reported.at('list'), afterimage.listed.length)
    isTrue('pages', 'sorted list')
  })
  await t.test('makes an image of a file, and changes it', () => {
    const sizes = [String(diskBytes), String(QCOW2_VIRTUAL_BYTES)]
    assert.deepEqual(reported.at('create'), ['active', ...sizes, 'debian', 'shared'])
    assert.deepEqual(reported.at('update'), ['new name', 'b', false])
    isTrue('checksum of the file', 'found by property', 'found by tag', 'in the list')
    assert.equal(reported.at('deactivated'), 'deactivated')
  })
  await t.test('downloads the same bytes', () => isTrue('downloaded whole'))
  await t.test('shares it', () => {
    assert.deepEqual(reported.at('members'), [['0123456789abcdef0123456789abcdef', 'pending']])
    assert.deepEqual(reported.at('members after'), [])
  })
  await t.test('uploads to an image that is there, once', () => {
    assert.deepEqual(reported.at('created empty'), ['queued', 'None'])
    assert.deepEqual(reported.at('download of none'), [1, true])
    assert.equal(reported.at('uploaded'), 'active')
    assert.deepEqual(reported.at('uploaded twice'), [1, true])
  })
  await t.test('stages and imports', () => {
    assert.equal(reported.at('staged'), 'uploading')
    assert.deepEqual(reported.at('imported'), ['active', true])
    isTrue('created by import', 'import methods')
  })
  await t.test('is told what is left out', () => {
    assert.deepEqual(reported.at('left out: tasks'), [1, true])
    assert.deepEqual(reported.at('left out: metadata definitions'), [1, true])
  })
  await t.test('deletes them', () => {
    assert.deepEqual(reported.at('show deleted'), [1, true])
    isTrue('list after')
  })
  reported.assertAllLookedAt()
})

it('openstacksdk over the Image API, and old clients after it', async (t) => {
  const version = await installDebian(['python3-openstacksdk', 'python3-libcloud', 'python3'])
  t.diagnostic(`tested: ${version}`)
  await using afterimage = await startAfterimage()
  const command = [PYTHON, 'image-api/with-openstacksdk.py'] as const
  const reported = await runClient(command, afterimage, {
    ...variables(afterimage),
    OS_CLOUD: 'afterimage',
  })

  await t.test('shows through Compute how far an upload has come', () => {
    assert.deepEqual(reported.at('queued in compute'), ['SAVING', 25, 0, 64, 3])
    assert.deepEqual(reported.at('saving in compute'), ['SAVING', 50])
    assert.equal(reported.at('saving in the image service'), 'saving')
    assert.equal(reported.at('uploaded in pieces'), 204)
    assert.deepEqual(reported.at('active in compute'), ['ACTIVE', 100, diskBytes, 64, 3])
    assert.deepEqual(reported.at('size'), [true, true])
  })
  await t.test('makes, finds and changes an image', () => {
    const [isSame, ...found] = reported.at('create and find') as readonly unknown[]
    assert.equal(isSame, true)
    assert.deepEqual(found, ['active', 'qcow2', ['x'], 'blue'])
    assert.equal(reported.at('hash'), true)
    assert.deepEqual(reported.at('update'), ['renamed', 'renamed', 128])
    assert.deepEqual(reported.at('tags'), ['y'])
    assert.deepEqual(reported.at('member'), ['pending'])
    assert.deepEqual(reported.at('members after'), [])
    assert.deepEqual(reported.at('deactivated'), ['deactivated', 'UNKNOWN'])
  })
  await t.test('downloads the same bytes', () => {
    assert.equal(reported.at('downloaded'), true)
    assert.equal(reported.at('streamed'), true)
  })
  await t.test('sees properties written through Compute, and the reverse', () => {
    assert.equal(reported.at('metadata in compute'), 'blue')
    assert.deepEqual(reported.at('written through compute'), ['green', 'round'])
  })
  await t.test('lists by visibility and in order, and asks the successor query', () => {
    assert.equal(reported.at('sorted pages'), true)
    assert.equal(reported.at('by visibility'), true)
    assert.deepEqual(reported.at('cloudimages'), [true])
  })
  await t.test('Libcloud 1.1 lists both images through Compute', () => {
    assert.deepEqual(reported.at('in libcloud'), [
      ['renamed', 'ACTIVE'],
      ['slowly', 'ACTIVE'],
    ])
  })
  await t.test('what is deleted on one side is gone on the other', () => {
    const gone = ['ResourceNotFound', 404]
    const notFound = ['NotFoundException', 404]
    const seen = reported.at('gone there too') as readonly unknown[]
    for (const fault of seen) assert.ok([gone, notFound].some((g) => `${g}` === `${fault}`))
    assert.equal(seen.length, 2)
    assert.match(String(reported.at('data gone too')), /,404$/)
  })
  reported.assertAllLookedAt()
})
