import assert from 'node:assert/strict'
import { it } from 'node:test'
import { idsOf, metadataOf, shownFields } from './expected.ts'
import { OFFERED, SNAPSHOT } from './fixture.ts'
import { installPkgcloud } from './install.ts'
import { runClient } from './run-client.ts'
import { startAfterimage } from './start-afterimage.ts'

const FIELDS = ['id', 'name', 'status', 'progress', 'created', 'updated'] as const

it('pkgcloud', async (t) => {
  t.diagnostic(`tested: ${await installPkgcloud()}`)
  await using afterimage = await startAfterimage()
  const { listed } = afterimage
  const reported = await runClient(
    [process.execPath, '--no-deprecation', 'pkgcloud/client.js'],
    afterimage,
  )
  const snapshot = listed.find(({ id }) => id === SNAPSHOT)
  assert.ok(snapshot)

  await t.test('lists every image on its one page', () => {
    assert.deepEqual(
      reported.at('list'),
      listed.map((image) => shownFields(image, FIELDS)),
    )
  })
  await t.test('signs in through Keystone v2.0 as well', () => {
    assert.deepEqual(reported.at('list after a v2.0 sign-in'), idsOf(listed))
  })
  await t.test('finds the project by itself when none is named', () => {
    assert.deepEqual(reported.at('list without a project named'), idsOf(listed))
  })
  await t.test('shows an image', () => {
    assert.deepEqual(reported.at('show'), shownFields(snapshot, FIELDS))
    assert.equal(reported.at('show offered'), OFFERED)
  })
  await t.test('writes metadata', () => {
    assert.deepEqual(reported.at('metadata added'), {
      metadata: { ...metadataOf(snapshot), colour: 'grün', note: '' },
    })
  })
  await t.test('deletes an image', () => {
    assert.deepEqual(reported.at('delete'), { ok: SNAPSHOT })
    assert.deepEqual(
      reported.at('list after'),
      idsOf(listed).filter((id) => id !== SNAPSHOT),
    )
  })
  await t.test('understands what is refused', () => {
    const fault = { itemNotFound: { code: 404, message: 'Image not found.' } }
    const missing = [404, 'Item not found', fault]
    assert.deepEqual(reported.at('show strange'), missing)
    assert.deepEqual(reported.at('show deleted'), missing)
    assert.deepEqual(reported.at('delete deleted'), missing)
    const locked = { forbidden: { code: 403, message: 'You are not allowed to delete the image.' } }
    assert.deepEqual(reported.at('delete locked'), [403, 'Resize not allowed', locked])
  })
  reported.assertAllLookedAt()
})
