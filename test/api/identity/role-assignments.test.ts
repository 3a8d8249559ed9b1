import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ask, openHouse, tokenOf } from './fixtures.ts'

interface Shown {
  readonly user: { readonly id: string; readonly name?: string }
  readonly scope: { readonly project: { readonly id: string; readonly name?: string } }
  readonly role: { readonly id: string; readonly name?: string }
  readonly links: Readonly<Record<string, string>>
}

/** The house, in which `demo` also reads project `admin`. */
async function open(t: TestContext) {
  const home = await openHouse(t)
  const { app, accounts, administration } = home
  await administration.grant('demo', 'admin', 'reader')
  const headers = { 'x-auth-token': await tokenOf(app, 'admin') }
  const get = (path: string) => ask(app, 'GET', path, { headers })
  const roles = (await get('/v3/roles')).json.roles as { id: string; name: string }[]
  const roleId = (name: string) => roles.find((role) => role.name === name)?.id ?? 'none'
  /** `USER ROLE PROJECT`, as names. */
  const list = async (query: string): Promise<string[]> => {
    const { status, json } = await get(`/v3/role_assignments?include_names&${query}`)
    assert.equal(status, 200, query)
    return json.role_assignments
      .map(({ user, role, scope }: Shown) => `${user.name} ${role.name} ${scope.project.name}`)
      .sort()
  }
  return { ...home, ...accounts, get, list, roleId }
}

const DIRECT = ['admin admin admin', 'demo member demo', 'demo reader admin']

test('role assignments are ids and a link, and names when they are asked for', async (t) => {
  const { get, demo, roleId } = await open(t)
  const query = `user.id=${demo.userId}&scope.project.id=${demo.projectId}`
  const { json } = await get(`/v3/role_assignments?${query}`)
  const path = `projects/${demo.projectId}/users/${demo.userId}/roles/${roleId('member')}`
  const links = { assignment: `http://id.example:5000/v3/${path}` }
  assert.deepEqual(json, {
    role_assignments: [
      {
        links,
        scope: { project: { id: demo.projectId } },
        user: { id: demo.userId },
        role: { id: roleId('member') },
      },
    ],
    links: { next: null, self: 'http://id.example:5000/v3/role_assignments', previous: null },
  })
  const domain = { id: 'default', name: 'Default' }
  for (const value of ['', '=True', '=1']) {
    const named = await get(`/v3/role_assignments?${query}&include_names${value}`)
    assert.deepEqual(named.json.role_assignments, [
      {
        links,
        scope: { project: { id: demo.projectId, name: 'demo', domain } },
        user: { id: demo.userId, name: 'demo', domain },
        role: { id: roleId('member'), name: 'member' },
      },
    ])
  }
  const plain = await get(`/v3/role_assignments?${query}&include_names=0`)
  assert.deepEqual(plain.json, json)
})

test('role assignments are filtered by user, project and role', async (t) => {
  const { list, admin, demo, roleId } = await open(t)
  assert.deepEqual(await list(''), DIRECT)
  assert.deepEqual(await list(`user.id=${demo.userId}`), DIRECT.slice(1))
  assert.deepEqual(await list(`scope.project.id=${admin.projectId}`), [
    'admin admin admin',
    'demo reader admin',
  ])
  assert.deepEqual(await list(`role.id=${roleId('member')}`), ['demo member demo'])
  assert.deepEqual(await list('user.id=nobody'), [])
  assert.deepEqual(await list('user.id='), DIRECT)
})

test('effective role assignments are those that are implied too, and say by which', async (t) => {
  const { list, get, admin, demo, roleId } = await open(t)
  assert.deepEqual(await list('effective'), [
    'admin admin admin',
    'admin member admin',
    'admin reader admin',
    'demo member demo',
    'demo reader admin',
    'demo reader demo',
  ])
  assert.deepEqual(await list('effective=0'), DIRECT)
  assert.deepEqual(await list(`effective&role.id=${roleId('member')}`), [
    'admin member admin',
    'demo member demo',
  ])
  const query = `effective&user.id=${admin.userId}&role.id=${roleId('reader')}`
  const [implied] = (await get(`/v3/role_assignments?${query}`)).json.role_assignments as Shown[]
  const base = 'http://id.example:5000/v3'
  const member = roleId('member')
  assert.deepEqual(implied?.links, {
    assignment: `${base}/projects/${admin.projectId}/users/${admin.userId}/roles/${member}`,
    prior_role: `${base}/prior_role/${roleId('reader')}/implies/${member}`,
  })
  assert.equal((await list(`effective&user.id=${demo.userId}`)).length, 3)
})

test('there are none on groups, domains or the system, and none inherited', async (t) => {
  const { list, demo } = await open(t)
  for (const query of [
    'group.id=x',
    'scope.domain.id=default',
    'scope.system=all',
    'scope.OS-INHERIT:inherited_to=projects',
    `user.id=${demo.userId}&scope.OS-INHERIT:inherited_to=projects&effective`,
  ]) {
    assert.deepEqual(await list(query), [], query)
  }
  assert.deepEqual(await list('scope.OS-INHERIT:inherited_to=none'), DIRECT)
})

test('a tree of projects is the project that it is asked for', async (t) => {
  const { list, get, demo } = await open(t)
  const query = `include_subtree=True&scope.project.id=${demo.projectId}`
  assert.deepEqual(await list(query), ['demo member demo'])
  const refused = await get('/v3/role_assignments?include_subtree=True')
  assert.equal(refused.status, 400)
  assert.match(refused.json.error.message, /^scope\.project\.id must be specified/)
})

test('filters that contradict each other are a 400 in the words of Keystone', async (t) => {
  const { get } = await open(t)
  for (const [query, message] of [
    ['scope.domain.id=a&scope.project.id=b', 'Specify a domain or project, not both'],
    ['scope.domain.id=a&scope.system=all', 'Specify system or domain, not both'],
    ['scope.project.id=a&scope.system=all', 'Specify system or project, not both'],
    ['user.id=a&group.id=b', 'Specify a user or group, not both'],
    [
      'effective&group.id=a',
      'Combining effective and group filter will always result in an empty list.',
    ],
    [
      'effective&scope.domain.id=a&scope.OS-INHERIT:inherited_to=projects',
      'Combining effective, domain and inherited filters will always result in an empty list.',
    ],
  ] as const) {
    const { status, json } = await get(`/v3/role_assignments?${query}`)
    assert.deepEqual([status, json.error.message], [400, message])
  }
})
