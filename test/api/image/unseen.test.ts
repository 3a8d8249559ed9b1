import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idOf, makeImage } from './images.ts'
import { ask, listCatalogue, type Response, type Served, serveImages } from './serve.ts'

/** Nothing that a caller may do to an image tells whether one that they may not see exists. */

const UNSEEN = [
  makeImage(1, { visibility: 'private' }),
  makeImage(2, { visibility: 'shared', members: [{ member_id: 'somebody', status: 'accepted' }] }),
  makeImage(3, { visibility: 'private', protected: true, tags: ['a'] }),
  makeImage(4, { visibility: 'private', os_hidden: true, status: 'queued' }),
  makeImage(5, { visibility: 'private', status: 'deactivated' }),
  makeImage(6, { visibility: 'private', status: 'uploading' }),
]
const NOT_THERE = idOf(99)

const PATHS = [
  '',
  '/file',
  '/stage',
  '/import',
  '/tasks',
  '/actions/deactivate',
  '/actions/reactivate',
  '/tags/a',
  '/members',
  '/members/somebody',
  '/locations',
]
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const JSON_TYPE = 'application/json'
const PATCH_TYPE = 'application/openstack-images-v2.1-json-patch'
const BODIES: readonly (readonly [type: string, body: string])[] = [
  ['application/octet-stream', 'bytes'],
  [JSON_TYPE, '{"member":"somebody"}'],
  [JSON_TYPE, '{"status":"accepted"}'],
  [JSON_TYPE, '{"method":{"name":"glance-direct"}}'],
  [PATCH_TYPE, '[]'],
  [PATCH_TYPE, '[{"op":"replace","path":"/visibility","value":"public"}]'],
  [PATCH_TYPE, '[{"op":"remove","path":"/locations/0"}]'],
]

type Asked = readonly [method: string, path: string, type?: string, body?: string]
const REQUESTS: readonly Asked[] = METHODS.flatMap((method) =>
  PATHS.flatMap((path) => [
    [method, path] as const,
    ...(method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? [] : BODIES).map(
      ([type, body]) => [method, path, type, body] as const,
    ),
  ]),
)

const OF_THE_MOMENT = new Set(['date', 'x-openstack-request-id'])

/** Status, headers and body, with the id and what differs from one request to the next left out. */
function shown({ status, headers, text }: Response, id: string): unknown {
  const kept = Object.entries(headers).filter(([name]) => !OF_THE_MOMENT.has(name))
  return JSON.parse(JSON.stringify([status, kept, text]).replaceAll(id, 'ID'))
}

async function answerOf(served: Served, id: string, asked: Asked, token: string) {
  const [method, path, type, body] = asked
  const headers = { 'content-type': type }
  const options = { method, token, headers, ...(body === undefined ? {} : { body }) }
  return shown(await ask(served, `/v2/images/${id}${path}`, options), id)
}

for (const token of ['stranger', 'unscoped']) {
  test(`${token}: an image that one may not see answers like one that is not there`, async () => {
    const served = await serveImages(listCatalogue(UNSEEN))
    try {
      for (const asked of REQUESTS) {
        const expected = await answerOf(served, NOT_THERE, asked, token)
        for (const { id } of UNSEEN) {
          assert.deepEqual(await answerOf(served, id, asked, token), expected, asked.join(' '))
        }
      }
      for (const face of ['images', 'cloudimages']) {
        const markers = [NOT_THERE, ...UNSEEN.map(({ id }) => id)].map(async (id) =>
          shown(await ask(served, `/v2/${face}?marker=${id}`, { token }), id),
        )
        const [expected, ...answers] = await Promise.all(markers)
        for (const answer of answers) assert.deepEqual(answer, expected)
      }
    } finally {
      await served.close()
    }
  })
}
