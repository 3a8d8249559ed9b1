import assert from 'node:assert/strict'
import { it } from 'node:test'
import { FILTER_CASES } from './cases.ts'
import { idsOf, shownFields } from './expected.ts'
import { ABSENT, OFFERED, SNAPSHOT } from './fixture.ts'
import { installDebian } from './install.ts'
import { PAGE_IMAGES, runClient } from './run-client.ts'
import { startAfterimage } from './start-afterimage.ts'

const GO = ['/usr/bin/go', 'run', 'gophercloud/client.go'] as const
/** Debian keeps Go's libraries as sources, for Go as it was before modules. */
const GO_ENVIRONMENT = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '' }
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

it('gophercloud', async (t) => {
  const client = 'golang-github-gophercloud-gophercloud-dev'
  t.diagnostic(`tested: ${await installDebian([client, 'golang-go'])}`)
  await using afterimage = await startAfterimage()
  const { listed } = afterimage
  const reported = await runClient(GO, afterimage, GO_ENVIRONMENT)
  const snapshot = listed.find(({ id }) => id === SNAPSHOT)
  assert.ok(snapshot)

  // Go has no null for a string: an image without a name gets the empty one.
  const shown = listed.map((image) => shownFields({ ...image, name: image.name ?? '' }, FIELDS))

  await t.test('lists every image whole on one page', () => {
    assert.deepEqual(reported.at('list'), shown)
    assert.deepEqual(reported.at("list's pages"), [listed.length])
  })
  for (const { step, keeps, query } of FILTER_CASES) {
    if ('minRam' in query || 'minDisk' in query) continue // gophercloud cannot ask for them
    await t.test(`filters by ${step}`, () => {
      assert.deepEqual(reported.at(step), idsOf(listed.filter(keeps)))
    })
  }
  await t.test('follows the links of pages', () => {
    const wholePages = Math.floor(listed.length / PAGE_IMAGES)
    assert.deepEqual(reported.at('sizes of linked pages'), [
      ...Array(wholePages).fill(PAGE_IMAGES),
      listed.length % PAGE_IMAGES,
    ])
    assert.deepEqual(reported.at('linked pages'), shown)
    const active = listed.filter(({ status }) => status === 'active')
    assert.deepEqual(reported.at('linked filtered pages'), idsOf(active))
    const rest = listed.slice(listed.indexOf(snapshot) + 1)
    assert.deepEqual(reported.at('from a marker'), idsOf(rest))
  })
  await t.test('shows an image', () => {
    assert.deepEqual(reported.at('show'), shownFields(snapshot, FIELDS))
    assert.equal(reported.at('show offered'), OFFERED)
  })
  await t.test('deletes an image', () => {
    assert.deepEqual(
      reported.at('list after'),
      idsOf(listed).filter((id) => id !== SNAPSHOT),
    )
  })
  await t.test('understands what is refused', () => {
    const refusal = (code: number, name: string, message: string) => [
      String(code),
      JSON.stringify({ [name]: { code, message } }),
    ]
    const missing = refusal(404, 'itemNotFound', 'Image not found.')
    assert.deepEqual(reported.at('show strange'), missing)
    assert.deepEqual(reported.at('show deleted'), missing)
    assert.deepEqual(reported.at('delete deleted'), missing)
    const locked = refusal(403, 'forbidden', 'You are not allowed to delete the image.')
    assert.deepEqual(reported.at('delete locked'), locked)
    const marker = `HTTP 400 Bad Request: No image found with ID ${ABSENT}`
    assert.deepEqual(reported.at('absent marker'), refusal(400, 'badRequest', marker))
  })
  reported.assertAllLookedAt()
})
