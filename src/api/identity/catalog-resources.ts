import { type Answer, adminOf, type Call, callerOf, ok } from './call.ts'
import { type Endpoints, endpointTemplates, REGION, services } from './catalog.ts'
import { notFound } from './faults.ts'
import { filtered } from './filters.ts'
import { collection } from './view.ts'

/**
 * The service catalogue as an administrator reads it: services, endpoints and regions. They are
 * what this server offers, so nothing changes them. Mirrors keystone/api/services.py,
 * keystone/api/endpoints.py and keystone/api/regions.py, their filters too.
 */
export async function listServices(call: Call): Promise<Answer> {
  await adminOf(call, 'identity:list_services')
  const views = serviceViews(call.endpoints)
  const found = filtered(views, call.query, ['type', 'name'])
  return ok(collection('services', found, 'services', call.endpoints))
}

export async function showService(call: Call): Promise<Answer> {
  await adminOf(call, 'identity:get_service')
  return ok({ service: theOne('service', serviceViews(call.endpoints), call.id) })
}

export async function listEndpoints(call: Call): Promise<Answer> {
  await adminOf(call, 'identity:list_endpoints')
  const views = endpointViews(call.endpoints)
  const found = filtered(views, call.query, ['interface', 'service_id', 'region_id'])
  return ok(collection('endpoints', found, 'endpoints', call.endpoints))
}

export async function showEndpoint(call: Call): Promise<Answer> {
  await adminOf(call, 'identity:get_endpoint')
  return ok({ endpoint: theOne('endpoint', endpointViews(call.endpoints), call.id) })
}

/** Regions are everybody's to read: keystone/common/policies/region.py. */
export async function listRegions(call: Call): Promise<Answer> {
  await callerOf(call)
  const found = filtered(regionViews(call.endpoints), call.query, ['parent_region_id'])
  return ok(collection('regions', found, 'regions', call.endpoints))
}

export async function showRegion(call: Call): Promise<Answer> {
  await callerOf(call)
  return ok({ region: theOne('region', regionViews(call.endpoints), call.id) })
}

function serviceViews(endpoints: Endpoints) {
  return services().map((service) => ({
    ...service,
    enabled: true,
    links: linksOf('services', service.id, endpoints),
  }))
}

function endpointViews(endpoints: Endpoints) {
  return endpointTemplates(endpoints).map((endpoint) => ({
    ...endpoint,
    enabled: true,
    links: linksOf('endpoints', endpoint.id, endpoints),
  }))
}

function regionViews(endpoints: Endpoints) {
  return [
    {
      id: REGION,
      description: '',
      parent_region_id: null,
      links: linksOf('regions', REGION, endpoints),
    },
  ]
}

function linksOf(kind: string, id: string, { identity }: Endpoints) {
  return { self: `${identity}/v3/${kind}/${id}` }
}

/** @throws KeystoneFault 404 */
function theOne<V extends { readonly id: string }>(
  what: string,
  views: readonly V[],
  id: string,
): V {
  const view = views.find((candidate) => candidate.id === id)
  if (view === undefined) throw notFound(what, id)
  return view
}
