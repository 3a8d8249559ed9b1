import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { idOf, makeImage } from './images.ts'
import {
  type Ask,
  ask,
  listCatalogue,
  OTHER_PROJECT,
  PROJECT,
  type Response,
  type Served,
  serveImages,
  THIRD_PROJECT,
} from './serve.ts'

/** Members, tags and actions; `member` owns image 1, and projects of `stranger` and `third` are others. */

const IMAGE = `/v2/images/${idOf(1)}`
const MEMBERS = `${IMAGE}/members`

let served: Served
beforeEach(async () => {
  served = await serveImages(
    listCatalogue([
      makeImage(1, { visibility: 'shared', tags: ['old'] }),
      makeImage(2, { visibility: 'private' }),
      makeImage(3, { status: 'queued', visibility: 'public' }),
    ]),
  )
})
afterEach(() => served.close())

function messageOf({ json }: Response): string {
  return (json as { message: string }).message
}

function share(member: unknown, options: Ask = {}, path = MEMBERS) {
  return ask(served, path, { method: 'POST', body: { member }, ...options })
}

function answer(project: string, status: unknown, options: Ask = {}) {
  return ask(served, `${MEMBERS}/${project}`, { method: 'PUT', body: { status }, ...options })
}

async function listed(token: string, query = ''): Promise<boolean> {
  const { json } = await ask(served, `/v2/images${query}`, { token })
  return (json as { images: { id: string }[] }).images.some(({ id }) => id === idOf(1))
}

test('a shared image is offered, accepted, listed, rejected and taken back', async () => {
  assert.equal((await ask(served, IMAGE, { token: 'third' })).status, 404)
  const offered = await share(THIRD_PROJECT)
  assert.equal(offered.status, 200)
  const member = {
    member_id: THIRD_PROJECT,
    image_id: idOf(1),
    status: 'pending',
    created_at: '2026-11-23T20:27:29Z',
    updated_at: '2026-11-23T20:27:29Z',
    schema: '/v2/schemas/member',
  }
  assert.deepEqual(offered.json, member)
  assert.equal((await ask(served, IMAGE, { token: 'third' })).status, 200)
  assert.equal(await listed('third'), false)
  assert.equal(await listed('third', '?member_status=pending'), true)

  const accepted = await answer(THIRD_PROJECT, 'accepted', { token: 'third' })
  assert.deepEqual(accepted.json, { ...member, status: 'accepted' })
  assert.equal(await listed('third'), true)
  await answer(THIRD_PROJECT, 'rejected', { token: 'third' })
  assert.equal(await listed('third'), false)
  assert.equal(await listed('third', '?member_status=rejected'), true)

  const path = `${MEMBERS}/${THIRD_PROJECT}`
  assert.equal((await ask(served, path, { method: 'DELETE' })).status, 204)
  assert.equal((await ask(served, IMAGE, { token: 'third' })).status, 404)
})

test('the owner and admin see all members, a member only itself, others no image', async () => {
  await share(OTHER_PROJECT)
  await share(THIRD_PROJECT)
  const members = async (token: string) => {
    const { json } = await ask(served, MEMBERS, { token })
    const { members, schema } = json as { members: { member_id: string }[]; schema: string }
    assert.equal(schema, '/v2/schemas/members')
    return members.map(({ member_id }) => member_id)
  }
  assert.deepEqual(await members('member'), [OTHER_PROJECT, THIRD_PROJECT])
  assert.deepEqual(await members('admin'), [OTHER_PROJECT, THIRD_PROJECT])
  assert.deepEqual(await members('third'), [THIRD_PROJECT])
  const show = (project: string, token: string) => ask(served, `${MEMBERS}/${project}`, { token })
  assert.equal((await show(THIRD_PROJECT, 'third')).status, 200)
  const unseen = await show(OTHER_PROJECT, 'third')
  assert.equal(unseen.status, 404)
  const message = `${OTHER_PROJECT} not found in the member list of the image ${idOf(1)}.`
  assert.equal(messageOf(unseen), message)
  assert.equal(messageOf(await show('nobody', 'member')), message.replace(OTHER_PROJECT, 'nobody'))
  await ask(served, `${MEMBERS}/${THIRD_PROJECT}`, { method: 'DELETE' })
  const gone = await ask(served, MEMBERS, { token: 'third' })
  assert.deepEqual([gone.status, messageOf(gone)], [404, `Image ${idOf(1)} not found.`])
})

test('who may not share, answer or take back is refused', async () => {
  await share(THIRD_PROJECT)
  const id = idOf(1)
  for (const [response, message] of [
    [
      await share(OTHER_PROJECT, { token: 'third' }),
      `Not allowed to create members for image ${id}.`,
    ],
    [await answer(THIRD_PROJECT, 'accepted'), `Not allowed to update members for image ${id}.`],
    [
      await ask(served, `${MEMBERS}/${THIRD_PROJECT}`, { method: 'DELETE', token: 'third' }),
      `Not allowed to delete members for image ${id}.`,
    ],
    [
      await share(OTHER_PROJECT, { token: 'reader' }),
      'You are not authorized to complete add_member action.',
    ],
  ] as const) {
    assert.deepEqual([response.status, messageOf(response)], [403, message])
  }
  assert.equal((await answer(THIRD_PROJECT, 'accepted', { token: 'admin' })).status, 200)
  assert.equal((await answer('nobody', 'accepted', { token: 'admin' })).status, 404)
})

test('an image that is not shared has no members', async () => {
  await share(THIRD_PROJECT)
  const members = `/v2/images/${idOf(2)}/members`
  const id = idOf(2)
  for (const [response, status, message] of [
    [
      await ask(served, members),
      403,
      `Not allowed to list members for image ${id}: Only shared images have members.`,
    ],
    [await ask(served, `${members}/x`), 404, 'Only shared images have members.'],
    [await share('x', {}, members), 403, `Not allowed to create members for image ${id}.`],
    [
      await ask(served, `${members}/x`, { method: 'PUT', body: { status: 'accepted' } }),
      403,
      `Not allowed to update members for image ${id}.`,
    ],
    [
      await ask(served, `${members}/x`, { method: 'DELETE' }),
      403,
      `Not allowed to delete members for image ${id}.`,
    ],
  ] as const) {
    assert.deepEqual([response.status, messageOf(response)], [status, message])
  }
})

test('a member is the id of a project, once, and at most 128 of them', async () => {
  const form = 'Expected a member in the form: {"member": "image_id"}'
  for (const [body, message] of [
    [{}, 'Member to be added not specified'],
    [{ member: '' }, "Member can't be empty"],
    [{ member: null }, "Member can't be empty"],
    [{ member: 5 }, form],
    [[], form],
  ] as const) {
    const response = await ask(served, MEMBERS, { method: 'POST', body })
    assert.deepEqual([response.status, messageOf(response)], [400, message])
  }
  assert.equal((await share('x'.repeat(256))).status, 400)
  for (let n = 0; n < 128; n += 1) assert.equal((await share(`p${n}`)).status, 200)
  const again = await share('p0')
  assert.deepEqual(
    [again.status, messageOf(again)],
    [409, `Member p0 is duplicated for image ${idOf(1)}`],
  )
  assert.equal((await share('p128')).status, 413)
})

test('a member answers with one of three words', async () => {
  await share(THIRD_PROJECT)
  const options = { token: 'third' }
  const wrong = await answer(THIRD_PROJECT, 'maybe', options)
  assert.equal(wrong.status, 400)
  assert.match(messageOf(wrong), /"pending", "accepted" or "rejected"/)
  assert.equal(messageOf(await answer(THIRD_PROJECT, undefined, options)), 'Status not specified')
  const path = `${MEMBERS}/${THIRD_PROJECT}`
  const list = await ask(served, path, { method: 'PUT', body: [], ...options })
  assert.match(messageOf(list), /Expected a status/)
})

test('tags are added and removed one at a time', async () => {
  const tag = (method: string, name: string, options: Ask = {}) =>
    ask(served, `${IMAGE}/tags/${name}`, { method, ...options })
  const tags = async () => ((await ask(served, IMAGE)).json as { tags: string[] }).tags
  assert.equal((await tag('PUT', 'a%20b')).status, 204)
  assert.equal((await tag('PUT', 'old')).status, 204)
  assert.deepEqual(await tags(), ['a b', 'old'])
  assert.equal((await tag('DELETE', 'old')).status, 204)
  assert.equal((await tag('DELETE', 'old')).status, 404)
  assert.deepEqual(await tags(), ['a b'])
  assert.equal((await tag('PUT', 'x'.repeat(256))).status, 400)
  assert.equal((await tag('PUT', 'x', { token: 'third' })).status, 404)
  const unknown = await ask(served, `/v2/images/${idOf(9)}/tags/x`, { method: 'PUT' })
  assert.deepEqual([unknown.status, messageOf(unknown)], [404, `Image ${idOf(9)} not found.`])
  const open = `/v2/images/${idOf(3)}/tags/x`
  const stranger = await ask(served, open, { method: 'PUT', token: 'third' })
  assert.equal(stranger.status, 403)
  assert.equal(messageOf(stranger), `Not allowed to update tags for image ${idOf(3)}.`)
  for (let n = 0; n < 127; n += 1) assert.equal((await tag('PUT', `t${n}`)).status, 204)
  assert.equal((await tag('PUT', 'a%20b')).status, 204)
  assert.equal((await tag('PUT', 'more')).status, 413)
})

test('an active image is taken out of use and back, any other is not', async () => {
  const act = (action: string, n = 1, token = 'member') =>
    ask(served, `/v2/images/${idOf(n)}/actions/${action}`, { method: 'POST', token })
  const status = async () => ((await ask(served, IMAGE)).json as { status: string }).status
  for (let times = 0; times < 2; times += 1) {
    assert.equal((await act('deactivate')).status, 204)
    assert.equal(await status(), 'deactivated')
  }
  for (let times = 0; times < 2; times += 1) {
    assert.equal((await act('reactivate')).status, 204)
    assert.equal(await status(), 'active')
  }
  const queued = await act('deactivate', 3)
  assert.equal(queued.status, 403)
  assert.equal(messageOf(queued), "Not allowed to deactivate image in status 'queued'")
  assert.equal(messageOf(await act('deactivate', 3, 'third')), 'You do not own this image')
  assert.equal((await act('deactivate', 1, 'third')).status, 404)
  assert.equal((await act('deactivate', 1, 'admin')).status, 204)
})

test('sharing leaves the time of the image as it was', async () => {
  const before = (await ask(served, IMAGE)).json as { updated_at: string }
  await share(PROJECT)
  assert.equal(((await ask(served, IMAGE)).json as typeof before).updated_at, before.updated_at)
})
