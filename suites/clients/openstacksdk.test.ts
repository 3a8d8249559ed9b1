import assert from 'node:assert/strict'
import { it } from 'node:test'
import { FILTER_CASES } from './cases.ts'
import { idsOf, metadataOf, shownImage, wireImage } from './expected.ts'
import { ABSENT, OFFERED, SNAPSHOT } from './fixture.ts'
import { installDebian } from './install.ts'
import { PAGE_IMAGES, runClient } from './run-client.ts'
import { startAfterimage } from './start-afterimage.ts'

/** Debian's own Python, whatever other comes first on the PATH. */
const PYTHON = '/usr/bin/python3'

it('openstacksdk', async (t) => {
  t.diagnostic(`tested: ${await installDebian(['python3-openstacksdk', 'python3'])}`)
  await using afterimage = await startAfterimage()
  const { listed, cloudsYaml } = afterimage
  const reported = await runClient([PYTHON, 'openstacksdk/client.py'], afterimage, {
    OS_CLIENT_CONFIG_FILE: cloudsYaml,
    OS_CLOUD: 'afterimage',
  })
  const snapshot = listed.find(({ id }) => id === SNAPSHOT)
  assert.ok(snapshot)
  const rocky = idsOf(listed.filter(({ name }) => name === 'Rocky Linux 9'))

  await t.test('lists every image whole, and in brief', () => {
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
  await t.test('follows the links of pages', () => {
    assert.deepEqual(reported.at('linked pages'), listed.map(shownImage))
    assert.deepEqual(reported.at('linked brief pages'), idsOf(listed))
    const builds = listed.filter(({ min_ram, status }) => min_ram === 64 && status === 'active')
    assert.deepEqual(reported.at('linked filtered pages'), idsOf(builds))
  })
  await t.test('pages by markers of its own', () => {
    const pages = []
    for (let from = 0; from < listed.length; from += PAGE_IMAGES) {
      pages.push(idsOf(listed.slice(from, from + PAGE_IMAGES)))
    }
    assert.deepEqual(reported.at('marked pages'), pages)
  })
  await t.test('lists through v2 whatever microversion it sets, through v2.1 up to 2.35', () => {
    assert.deepEqual(reported.at('v2 list'), idsOf(listed))
    assert.deepEqual(reported.at('too new'), [
      'ResourceNotFound',
      404,
      'The resource could not be found.',
    ])
  })
  await t.test('lists more for the administrator', () => {
    assert.deepEqual(reported.at("administrator's list"), idsOf(afterimage.listedByAdmin))
  })
  await t.test('signs in again when its token is revoked, and not with a wrong password', () => {
    assert.deepEqual(reported.at('list after revocation'), idsOf(listed))
    const [kind, status, message] = reported.at('wrong password') as [string, number, string]
    assert.deepEqual([kind, status], ['Unauthorized', 401])
    assert.match(message, /^The request you have made requires authentication\. \(HTTP 401\)/)
  })
  await t.test('shows an image', () => {
    assert.deepEqual(reported.at('show'), shownImage(snapshot))
    assert.deepEqual(reported.at('show on the wire'), { image: wireImage(snapshot, afterimage) })
    assert.equal(reported.at('alternate link'), SNAPSHOT)
    assert.equal(reported.at('find by name'), rocky[0])
    assert.equal(reported.at('find by id'), SNAPSHOT)
    assert.equal(reported.at('find none'), null)
    assert.equal(reported.at('show offered'), OFFERED)
  })
  await t.test('reads and writes metadata', () => {
    const before = metadataOf(snapshot)
    assert.deepEqual(reported.at('metadata'), before)
    assert.deepEqual(reported.at('metadata added'), { ...before, colour: 'blue', shape: 'round' })
    assert.equal(reported.at('item'), 'grün')
    assert.deepEqual(reported.at('metadata changed'), { ...before, colour: 'grün' })
    assert.deepEqual(reported.at('metadata replaced'), { only: 'this' })
  })
  await t.test('deletes an image', () => {
    assert.deepEqual(
      reported.at('list after'),
      idsOf(listed).filter((id) => id !== SNAPSHOT),
    )
  })
  await t.test('understands what is refused', () => {
    const missing = ['ResourceNotFound', 404, 'Image not found.']
    assert.deepEqual(reported.at('show strange'), missing)
    assert.deepEqual(reported.at('show deleted'), missing)
    assert.deepEqual(reported.at('delete deleted'), missing)
    assert.deepEqual(reported.at('absent marker'), [
      'BadRequestException',
      400,
      `HTTP 400 Bad Request: No image found with ID ${ABSENT}`,
    ])
    assert.deepEqual(reported.at('absent item'), [
      'ResourceNotFound',
      404,
      'The resource could not be found.',
    ])
    assert.deepEqual(reported.at('delete locked'), [
      'HttpException',
      403,
      'You are not allowed to delete the image.',
    ])
  })
  await t.test("lists the image service's images too", () => {
    const left = listed.filter(({ id }) => id !== SNAPSHOT)
    assert.deepEqual(
      reported.at('image service list'),
      left.map(({ id, name, status }) => [id, name, status]),
    )
    assert.deepEqual(reported.at('image service pages'), idsOf(left))
    assert.deepEqual(reported.at('image service by name'), rocky)
  })
  reported.assertAllLookedAt()
})
