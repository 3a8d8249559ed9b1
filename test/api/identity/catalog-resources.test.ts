import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { ask, openHouse, tokenOf } from './fixtures.ts'

const BASE = 'http://id.example:5000/v3'

async function getter(app: FastifyInstance, name: string) {
  const headers = { 'x-auth-token': await tokenOf(app, name) }
  return (path: string) => ask(app, 'GET', path, { headers })
}

test('an admin lists services, endpoints and regions, and they are those of a token', async (t) => {
  const { app, accounts } = await openHouse(t)
  const get = await getter(app, 'admin')
  const { services, links } = (await get('/v3/services')).json
  assert.deepEqual(links, { next: null, self: `${BASE}/services`, previous: null })
  assert.deepEqual(services[0], {
    id: services[0].id,
    type: 'compute',
    name: 'nova',
    description: 'OpenStack Compute: images',
    enabled: true,
    links: { self: `${BASE}/services/${services[0].id}` },
  })
  const { endpoints } = (await get('/v3/endpoints')).json
  assert.deepEqual(endpoints[0], {
    id: endpoints[0].id,
    interface: 'public',
    region_id: 'RegionOne',
    region: 'RegionOne',
    url: 'http://id.example:8774/v2.1/%(project_id)s',
    service_id: services[0].id,
    enabled: true,
    links: { self: `${BASE}/endpoints/${endpoints[0].id}` },
  })
  const { catalog } = (await get('/v3/auth/catalog')).json
  const fromLists = services.map((service: { id: string; type: string; name: string }) => ({
    id: service.id,
    type: service.type,
    name: service.name,
    endpoints: endpoints
      .filter((endpoint: { service_id: string }) => endpoint.service_id === service.id)
      .map(({ id, interface: face, region, region_id, url }: Record<string, string>) => ({
        id,
        interface: face,
        region,
        region_id,
        url: url?.replace('%(project_id)s', accounts.admin.projectId),
      })),
  }))
  assert.deepEqual(fromLists, catalog)
  assert.deepEqual((await get('/v3/regions')).json.regions, [
    {
      id: 'RegionOne',
      description: '',
      parent_region_id: null,
      links: { self: `${BASE}/regions/RegionOne` },
    },
  ])
})

test('each service, endpoint, region and role is there by its id', async (t) => {
  const { app } = await openHouse(t)
  const get = await getter(app, 'admin')
  for (const [list, one] of [
    ['services', 'service'],
    ['endpoints', 'endpoint'],
    ['regions', 'region'],
    ['roles', 'role'],
  ] as const) {
    const items = (await get(`/v3/${list}`)).json[list]
    assert.ok(items.length > 0)
    for (const item of items) {
      assert.deepEqual((await get(`/v3/${list}/${item.id}`)).json, { [one]: item })
    }
    const missing = await get(`/v3/${list}/x`)
    assert.equal(missing.status, 404)
    assert.equal(missing.json.error.message, `Could not find ${one}: x.`)
  }
})

test('services, endpoints and regions are filtered as Keystone filters them', async (t) => {
  const { app } = await openHouse(t)
  const get = await getter(app, 'admin')
  const count = async (list: string, query: string) =>
    (await get(`/v3/${list}?${query}`)).json[list].length
  const [image] = (await get('/v3/services?type=image')).json.services
  assert.equal(image.name, 'glance')
  assert.equal(await count('services', 'name=nova'), 1)
  assert.equal(await count('services', 'type=image&name=nova'), 0)
  assert.equal(await count('services', 'interface=public'), 4)
  assert.equal(await count('endpoints', 'interface=admin'), 4)
  assert.equal(await count('endpoints', `service_id=${image.id}`), 3)
  assert.equal(await count('endpoints', `service_id=${image.id}&interface=public`), 1)
  assert.equal(await count('endpoints', 'region_id=RegionTwo'), 0)
  assert.equal(await count('regions', 'parent_region_id=RegionOne'), 0)
})

test('services, endpoints and roles are for an admin, regions for everybody', async (t) => {
  const { app } = await openHouse(t)
  const demo = await getter(app, 'demo')
  for (const [path, action] of [
    ['services', 'list_services'],
    ['services/x', 'get_service'],
    ['endpoints', 'list_endpoints'],
    ['endpoints/x', 'get_endpoint'],
    ['roles/x', 'get_role'],
    ['role_assignments', 'list_role_assignments'],
    ['role_assignments?include_subtree', 'list_role_assignments_for_tree'],
  ] as const) {
    const refused = await demo(`/v3/${path}`)
    assert.equal(refused.status, 403, path)
    assert.match(refused.json.error.message, new RegExp(`action: identity:${action}\\.$`))
    assert.equal((await ask(app, 'GET', `/v3/${path}`)).status, 401, path)
  }
  for (const path of ['/v3/regions', '/v3/regions/RegionOne']) {
    assert.equal((await demo(path)).status, 200, path)
    assert.equal((await ask(app, 'GET', path)).status, 401, path)
  }
})
