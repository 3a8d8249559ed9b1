import { hash } from 'node:crypto'

/** Where each face is reached from outside, without a slash at the end. */
export interface Endpoints {
  readonly compute: string
  readonly image: string
  readonly identity: string
}

export const REGION = 'RegionOne'
const INTERFACES = ['public', 'internal', 'admin'] as const
/** Stands for the project in an endpoint's address, as keystone/common/utils.py formats it. */
const PROJECT_PLACE = '%(project_id)s'
/** 32 hex characters, as Keystone's ids have. */
const ID_LENGTH = 32

interface Service {
  readonly type: string
  readonly name: string
  readonly description: string
  url(endpoints: Endpoints, projectId: string): string
  /** Where version 2.0's catalogue points elsewhere. */
  urlV2?(endpoints: Endpoints): string
}

/**
 * `compute_legacy` is for clients that ask for a microversion above 2.35, from which on `/v2.1` has
 * no images: `/v2` knows no microversions.
 */
const SERVICES: readonly Service[] = [
  {
    type: 'compute',
    name: 'nova',
    description: 'OpenStack Compute: images',
    url: ({ compute }, projectId) => `${compute}/v2.1/${projectId}`,
  },
  {
    type: 'compute_legacy',
    name: 'nova_legacy',
    description: 'OpenStack Compute without microversions: images',
    url: ({ compute }, projectId) => `${compute}/v2/${projectId}`,
  },
  {
    type: 'image',
    name: 'glance',
    description: 'OpenStack Image',
    url: ({ image }) => image,
  },
  {
    type: 'identity',
    name: 'keystone',
    description: 'OpenStack Identity',
    url: ({ identity }) => `${identity}/v3`,
    urlV2: ({ identity }) => `${identity}/v2.0`,
  },
]

/** Version 3's service catalogue, as in a token. */
export function catalog(endpoints: Endpoints, projectId: string) {
  return SERVICES.map((service) => ({
    endpoints: endpointsOf(service, endpoints, projectId),
    id: stableId(service.type),
    type: service.type,
    name: service.name,
  }))
}

/** The services of the catalogue, as they are administered. */
export function services() {
  return SERVICES.map(({ type, name, description }) => ({
    id: stableId(type),
    type,
    name,
    description,
  }))
}

/** The endpoints of every service, with a place for the project in their addresses. */
export function endpointTemplates(endpoints: Endpoints) {
  return SERVICES.flatMap((service) =>
    endpointsOf(service, endpoints, PROJECT_PLACE).map((endpoint) => ({
      ...endpoint,
      service_id: stableId(service.type),
    })),
  )
}

function endpointsOf(service: Service, endpoints: Endpoints, projectId: string) {
  return INTERFACES.map((name) => ({
    id: stableId(`${service.type} ${name}`),
    interface: name,
    region_id: REGION,
    url: service.url(endpoints, projectId),
    region: REGION,
  }))
}

/** Version 2.0's. */
export function catalogV2(endpoints: Endpoints, projectId: string) {
  return SERVICES.map((service) => {
    const url = service.urlV2?.(endpoints) ?? service.url(endpoints, projectId)
    const id = stableId(`${service.type} v2.0`)
    const endpoint = { adminURL: url, region: REGION, internalURL: url, id, publicURL: url }
    return {
      endpoints: [endpoint],
      endpoints_links: [],
      type: service.type,
      name: service.name,
    }
  })
}

/** The same at every start, on every replica. */
function stableId(what: string): string {
  return hash('sha256', `afterimage ${what}`).slice(0, ID_LENGTH)
}
