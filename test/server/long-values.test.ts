import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Running } from '../../src/server/serve.ts'
import { startRunning } from './running.ts'

/** What a caller sent is repeated in a fault up to 512 characters, on every port. */

const folder = mkdtempSync(join(tmpdir(), 'afterimage-long-values-'))
let running: Running
let token = ''
let project = ''

before(async () => {
  ;({ running, token, project } = await startRunning(folder))
})
after(async () => {
  await running.close()
  rmSync(folder, { recursive: true, force: true })
})

const LONG = 'q'.repeat(5000)
const ID = '70a599e0-31e7-49b7-b260-868f441e862b'
const PATCH = 'application/openstack-images-v2.1-json-patch'

type Port = 'compute' | 'image' | 'identity'
type Sent = {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const CASES: readonly (readonly [Port, string, Sent?])[] = [
  ['compute', `/v2.1/images/${LONG}`],
  ['compute', `/v2.1/images/${LONG}/metadata/${LONG}`],
  ['compute', `/v2.1/images?marker=${LONG}`],
  ['compute', `/v2.1/images?limit=${LONG}`],
  ['compute', `/v2.1/images?changes-since=${LONG}`],
  ['compute', `/v2.1/${'a'.repeat(5000)}/images`],
  ['compute', '/v2.1/images', { headers: { 'openstack-api-version': `compute ${LONG}` } }],
  [
    'compute',
    '/v2.1/images',
    { headers: { 'x-openstack-nova-api-version': `9.${'1'.repeat(5000)}` } },
  ],
  ['compute', '/afterimage/callers'],
  ['image', `/v2/images/${LONG}`],
  ['image', `/v2/images/${LONG}`, { method: 'DELETE' }],
  ['image', `/v2/images/${LONG}/members`],
  ['image', `/v2/images/${LONG}/tags/${LONG}`, { method: 'PUT' }],
  ['image', `/v2/images/${LONG}/members/${LONG}`, { method: 'DELETE' }],
  ['image', `/v2/images/${LONG}/actions/deactivate`, { method: 'POST' }],
  ...[
    'sort_key',
    'sort_dir',
    'sort',
    'marker',
    'limit',
    'visibility',
    'member_status',
    'created_at',
  ].map((name) => ['image', `/v2/images?${name}=${LONG}`] as const),
  ...['created_at', 'status', 'id', 'protected', 'min_ram', 'os_hidden', 'size_min'].map(
    (name) => ['image', `/v2/images?${name}=${LONG}:${LONG}`] as const,
  ),
  ['image', `/v2/images?name=in:"${LONG}`],
  ['image', `/v2/cloudimages?limit=${LONG}`],
  ['image', `/v2/cloudimages?status=${LONG}`],
  ['image', `/v2/cloudimages?min_ram=${LONG}`],
  ...['name', 'visibility', 'id', 'owner', 'disk_format', 'kernel_id', 'min_ram', 'tags', LONG].map(
    (name) => ['image', '/v2/images', { method: 'POST', body: { [name]: LONG } }] as const,
  ),
  ['image', '/v2/images', { method: 'POST', body: { [`os_glance_${LONG}`]: 'x' } }],
  ['image', `/v2/images/${ID}/import`, { method: 'POST', body: { method: { name: LONG } } }],
  ...[
    { op: LONG, path: '/a' },
    { op: 'add', path: LONG },
    { op: 'add', path: `/${LONG}/a/b`, value: 1 },
  ].map(
    (step) =>
      [
        'image',
        `/v2/images/${ID}`,
        { method: 'PATCH', body: [step], headers: { 'content-type': PATCH } },
      ] as const,
  ),
  [
    'image',
    `/v2/images/${ID}`,
    { method: 'PATCH', body: [], headers: { 'content-type': `a/${LONG}` } },
  ],
  ['image', `/${LONG}`],
  ['identity', `/v3/projects/${LONG}`],
  ['identity', `/v3/users/${LONG}`],
  [
    'identity',
    '/v3/auth/tokens',
    { method: 'POST', body: { auth: { identity: { methods: [LONG] } } } },
  ],
  [
    'identity',
    '/v3/auth/tokens',
    {
      method: 'POST',
      body: {
        auth: {
          identity: {
            methods: ['password'],
            password: { user: { name: LONG, password: LONG, domain: { name: LONG } } },
          },
        },
      },
    },
  ],
]

test('no fault repeats more than 512 characters of anything', async () => {
  let faults = 0
  for (const [port, path, { method = 'GET', body, headers = {} } = {}] of CASES) {
    const answer = await fetch(running.urls[port] + path, {
      method,
      headers: {
        'x-auth-token': token,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await answer.text()
    const what = `${port} ${method} ${path.slice(0, 60)} ${JSON.stringify(body)?.slice(0, 80)}`
    assert.ok(answer.status < 500, `${answer.status} ${what}`)
    if (answer.status < 400) continue // a list repeats its query in its links
    assert.ok(!/q{513}|a{513}|1{513}/.test(text), `${what}: ${text.length} characters`)
    faults += 1
  }
  assert.ok(faults > 30, `${faults} of ${CASES.length} are faults`)
  const metadata = `/v2.1/${project}/images/${ID}/metadata`
  const answer = await fetch(running.urls.compute + metadata, {
    method: 'POST',
    headers: { 'x-auth-token': token, 'content-type': 'application/json' },
    body: JSON.stringify({ metadata: { [LONG]: LONG } }),
  })
  assert.equal(answer.status, 400)
  assert.ok(!/q{513}/.test(await answer.text()))
})
