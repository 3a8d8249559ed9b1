import assert from 'node:assert/strict'
import { it } from 'node:test'
import { idsOf, shownFields } from './expected.ts'
import { SERVER, SNAPSHOT } from './fixture.ts'
import { installDebian } from './install.ts'
import { runClient } from './run-client.ts'
import { startAfterimage } from './start-afterimage.ts'

/** Debian's own Python, whatever other comes first on the PATH. */
const PYTHON = '/usr/bin/python3'
const FIELDS = [
  'id',
  'name',
  'status',
  'progress',
  'minRam',
  'minDisk',
  'created',
  'updated',
  'metadata',
] as const

it('Apache Libcloud', async (t) => {
  t.diagnostic(`tested: ${await installDebian(['python3-libcloud', 'python3'])}`)
  await using afterimage = await startAfterimage()
  const { listed } = afterimage
  const reported = await runClient([PYTHON, 'libcloud/client.py'], afterimage)
  const snapshot = listed.find(({ id }) => id === SNAPSHOT)
  assert.ok(snapshot)

  await t.test('lists every image on its one page', () => {
    assert.deepEqual(
      reported.at('list'),
      listed.map((image) => shownFields(image, FIELDS)),
    )
    assert.deepEqual(
      reported.at('active list'),
      idsOf(listed.filter(({ status }) => status === 'active')),
    )
  })
  await t.test('signs in through Keystone v2.0 as well', () => {
    assert.deepEqual(reported.at('list after a v2.0 sign-in'), idsOf(listed))
  })
  await t.test('shows an image', () => {
    assert.deepEqual(reported.at('show'), shownFields(snapshot, FIELDS))
    assert.equal(reported.at('server of the image'), SERVER)
  })
  await t.test('deletes an image', () => {
    assert.equal(reported.at('delete'), true)
    assert.deepEqual(
      reported.at('list after'),
      idsOf(listed).filter((id) => id !== SNAPSHOT),
    )
  })
  await t.test('understands what is refused', () => {
    const missing = [404, '404 Not Found Image not found.']
    assert.deepEqual(reported.at('show strange'), missing)
    assert.deepEqual(reported.at('show deleted'), missing)
    assert.deepEqual(reported.at('delete deleted'), missing)
    assert.deepEqual(reported.at('delete locked'), [
      403,
      '403 Forbidden You are not allowed to delete the image.',
    ])
  })
  await t.test('lists the images of the image service, provider 2.x', () => {
    assert.deepEqual(
      reported.at('image service list'),
      listed.map(({ id, name, status }) => [id, name, status]),
    )
    assert.equal(reported.at('image service show'), snapshot.name)
  })
  reported.assertAllLookedAt()
})
