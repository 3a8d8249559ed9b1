import assert from 'node:assert/strict'
import { it } from 'node:test'
import { FILTER_CASES } from './cases.ts'
import { idsOf, metadataOf, shownImage } from './expected.ts'
import { SERVER, SNAPSHOT } from './fixture.ts'
import { installDebian } from './install.ts'
import { PAGE_IMAGES, runClient } from './run-client.ts'
import { startAfterimage } from './start-afterimage.ts'

/** Debian's own Ruby, which has the Debian package. */
const RUBY = '/usr/bin/ruby'

it('fog-openstack', async (t) => {
  t.diagnostic(`tested: ${await installDebian(['ruby-fog-openstack', 'ruby'])}`)
  await using afterimage = await startAfterimage()
  const { listed } = afterimage
  const reported = await runClient([RUBY, '-EUTF-8:UTF-8', 'fog/client.rb'], afterimage)
  const snapshot = listed.find(({ id }) => id === SNAPSHOT)
  assert.ok(snapshot)

  await t.test('lists every image whole on its one page, and in brief', () => {
    assert.deepEqual(reported.at('list'), listed.map(shownImage))
    assert.deepEqual(
      reported.at('brief list'),
      listed.map(({ id, name }) => [id, name]),
    )
  })
  for (const { step, keeps } of FILTER_CASES) {
    await t.test(`filters by ${step}`, () => {
      assert.deepEqual(reported.at(step), idsOf(listed.filter(keeps)))
    })
  }
  await t.test('takes the page it asks for', () => {
    assert.deepEqual(reported.at('one page'), idsOf(listed.slice(0, PAGE_IMAGES)))
    const next = listed.indexOf(snapshot) + 1
    assert.deepEqual(reported.at('next page'), idsOf(listed.slice(next, next + 2)))
  })
  await t.test('signs in through Keystone v2.0 as well', () => {
    assert.deepEqual(reported.at('list after a v2.0 sign-in'), idsOf(listed))
  })
  await t.test('shows an image', () => {
    assert.deepEqual(reported.at('show'), shownImage(snapshot))
    assert.equal(reported.at('server of the image'), SERVER)
    assert.equal(reported.at('show strange'), null)
  })
  await t.test('reads and writes metadata', () => {
    const before = metadataOf(snapshot)
    assert.equal(reported.at('item'), 'snapshot')
    assert.equal(reported.at('absent item'), null)
    assert.deepEqual(reported.at('metadata added'), { ...before, colour: 'blue', shape: 'round' })
    assert.deepEqual(reported.at('metadata changed'), { ...before, colour: 'grün' })
    assert.deepEqual(reported.at('metadata replaced'), { only: 'this' })
  })
  await t.test('deletes an image', () => {
    assert.equal(reported.at('delete'), true)
    assert.equal(reported.at('show deleted'), null)
    assert.deepEqual(
      reported.at('list after'),
      idsOf(listed).filter((id) => id !== SNAPSHOT),
    )
  })
  await t.test('understands what is refused', () => {
    const missing = [404, 'Fog::OpenStack::Compute::NotFound']
    assert.deepEqual(reported.at('details of a strange one'), missing)
    assert.deepEqual(reported.at('delete deleted'), missing)
    assert.deepEqual(reported.at('delete locked'), [
      403,
      'You are not allowed to delete the image.',
    ])
  })
  reported.assertAllLookedAt()
})
