import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, openHouse, tokenOf } from './fixtures.ts'

test('version documents stand at the root, at /v3 and at /v2.0, slash or not', async (t) => {
  const { app } = await openHouse(t)
  const root = await ask(app, 'GET', '/')
  assert.equal(root.status, 300)
  assert.deepEqual(
    root.json.versions.values.map((version: { id: string; links: { href: string }[] }) => [
      version.id,
      version.links[0]?.href,
    ]),
    [
      ['v3.14', 'http://id.example:5000/v3/'],
      ['v2.0', 'http://id.example:5000/v2.0/'],
    ],
  )
  for (const path of ['/v3', '/v3/', '//v3', 'http://id.example:5000/v3']) {
    const { status, json, headers } = await ask(app, 'GET', path)
    assert.deepEqual([status, json.version.id], [200, 'v3.14'])
    assert.equal(headers['vary'], 'X-Auth-Token')
    assert.equal(headers['cache-control'], undefined)
  }
  assert.equal((await ask(app, 'GET', '/v2.0/')).json.version.status, 'deprecated')
  const head = await ask(app, 'HEAD', '/v3')
  assert.deepEqual([head.status, head.text], [200, ''])
})

test("one reads one's own projects, user and catalogue", async (t) => {
  const { app, accounts } = await openHouse(t)
  const headers = { 'x-auth-token': await tokenOf(app, 'demo') }
  const { userId, projectId } = accounts.demo
  for (const path of ['/v3/auth/projects', `/v3/users/${userId}/projects`]) {
    const { status, json } = await ask(app, 'GET', path, { headers })
    assert.equal(status, 200)
    assert.deepEqual(json.links, {
      next: null,
      self: `http://id.example:5000${path}`,
      previous: null,
    })
    assert.deepEqual(json.projects, [
      {
        id: projectId,
        name: 'demo',
        domain_id: 'default',
        description: '',
        enabled: true,
        parent_id: 'default',
        is_domain: false,
        tags: [],
        options: {},
        links: { self: `http://id.example:5000/v3/projects/${projectId}` },
      },
    ])
  }
  const project = await ask(app, 'GET', `/v3/projects/${projectId}`, { headers })
  assert.equal(project.json.project.name, 'demo')
  const user = await ask(app, 'GET', `/v3/users/${userId}`, { headers })
  assert.equal(user.json.user.default_project_id, projectId)
  const catalog = await ask(app, 'GET', '/v3/auth/catalog', { headers })
  assert.equal(catalog.json.catalog[0].type, 'compute')
  const domain = await ask(app, 'GET', '/v3/domains/default', { headers })
  assert.equal(domain.json.domain.name, 'Default')
  for (const [path, key] of [
    ['/v3/auth/domains', 'domains'],
    ['/v3/auth/system', 'system'],
  ] as const) {
    assert.deepEqual((await ask(app, 'GET', path, { headers })).json[key], [])
  }
})

test('an unscoped token has no catalogue to show', async (t) => {
  const { app } = await openHouse(t)
  const headers = { 'x-auth-token': await tokenOf(app, 'demo', 'unscoped') }
  assert.equal((await ask(app, 'GET', '/v3/auth/catalog', { headers })).status, 403)
  assert.equal((await ask(app, 'GET', '/v3/auth/projects', { headers })).json.projects.length, 1)
})

test("what is everybody's is for an admin", async (t) => {
  const { app, accounts } = await openHouse(t)
  const demo = { 'x-auth-token': await tokenOf(app, 'demo') }
  const admin = { 'x-auth-token': await tokenOf(app, 'admin') }
  const paths = [
    '/v3/projects',
    '/v3/users',
    '/v3/roles',
    '/v3/domains',
    `/v3/projects/${accounts.admin.projectId}`,
    `/v3/users/${accounts.admin.userId}`,
    `/v3/users/${accounts.admin.userId}/projects`,
  ]
  for (const path of paths) {
    const refused = await ask(app, 'GET', path, { headers: demo })
    assert.equal(refused.status, 403, path)
    assert.match(refused.json.error.message, /requested action: identity:\w+\.$/)
    const shown = await ask(app, 'GET', path, { headers: admin })
    assert.equal(shown.status, 200, path)
    assert.equal(shown.text.includes('scrypt'), false)
    const nobody = await ask(app, 'GET', path)
    assert.equal(nobody.status, 401, path)
  }
  for (const path of ['/v3/projects/x', '/v3/users/x', '/v3/users/x/projects', '/v3/domains/x']) {
    assert.equal((await ask(app, 'GET', path, { headers: admin })).status, 404, path)
  }
})

test('lists are filtered by name, domain and whether enabled', async (t) => {
  const { app, administration } = await openHouse(t)
  await administration.addProject({ name: 'off' })
  await administration.setProject('off', { enabled: false })
  const headers = { 'x-auth-token': await tokenOf(app, 'admin') }
  const names = async (query: string) => {
    const { json } = await ask(app, 'GET', `/v3/projects?${query}`, { headers })
    return json.projects.map((project: { name: string }) => project.name)
  }
  assert.deepEqual(await names('name=demo'), ['demo'])
  assert.deepEqual(await names('enabled=False'), ['off'])
  assert.deepEqual(await names('domain_id=default&enabled=true'), ['admin', 'demo'])
  assert.deepEqual(await names('domain_id=other'), [])
  assert.deepEqual(await names('unknown=1'), ['admin', 'demo', 'off'])
})
