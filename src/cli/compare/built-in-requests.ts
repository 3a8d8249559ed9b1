import type { ReadMethod, ReadRequest } from './requests.ts'
import type { SeenImage } from './seen-images.ts'

const TOKEN = { 'X-Auth-Token': '{token}' }

/** Queries of `images/detail` that are useful on any cloud. */
const QUERIES = [
  '',
  'limit=1',
  'limit=25',
  'limit=0',
  'limit=-1',
  'limit=x',
  'marker=none',
  'name=',
  'name=none',
  'status=ACTIVE',
  'status=active',
  'status=SAVING',
  'status=ERROR',
  'status=UNKNOWN',
  'status=none',
  'changes-since=2000-01-01T00:00:00Z',
  'changes-since=2000-01-01',
  'changes-since=2100-01-01T00:00:00Z',
  'changes-since=none',
  'minRam=0',
  'minRam=x',
  'minDisk=0',
  'minDisk=1',
  'type=snapshot',
  'server=none',
  'property-image_type=snapshot',
  'property-architecture=x86_64',
  'unknown=1',
  'status=ACTIVE&limit=5',
  'limit=2&limit=3',
]

const MICROVERSIONS = ['2.1', '2.35', '2.36', '2.38', '2.39', 'latest', '2.999', 'none']

/**
 * The requests of old clients: version documents, lists with each filter, single images, refusals.
 */
export function builtInRequests(seen: readonly SeenImage[]): readonly ReadRequest[] {
  const requests: ReadRequest[] = []
  const add = (
    group: string,
    path: string,
    headers: Readonly<Record<string, string>> = TOKEN,
    method: ReadMethod = 'GET',
  ) => requests.push({ group, name: '', method, path, headers })
  for (const path of ['/', '/v2', '/v2/', '/v2.1', '/v2.1/']) add('versions', path, {})
  for (const version of ['/v2', '/v2.1']) {
    const project = `${version}/{project}`
    for (const query of QUERIES) add('list', `${project}/images/detail${query && `?${query}`}`)
    for (const query of ['', '?limit=2', '?name=none']) add('list', `${project}/images${query}`)
    add('list', `${version}/images`)
    add('list', `${version}/images/detail`)
    for (const image of seen) {
      const name = encodeURIComponent(image.name ?? '')
      add('show', `${project}/images/${image.id}`)
      add('show', `${project}/images/${image.id}/metadata`)
      add('filter', `${project}/images/detail?name=${name}`)
      add('filter', `${project}/images/detail?limit=2&marker=${image.id}`)
      add('filter', `${project}/images/detail?changes-since=${image.updated}`)
    }
    add('refusals', `${project}/images/none`)
    add('refusals', `${project}/images/none/metadata`)
    add('refusals', `${version}/00000000000000000000000000000000/images`)
    add('refusals', `${project}/images/detail`, {})
    add('refusals', `${project}/images/detail`, { 'X-Auth-Token': 'none' })
    add('methods', `${project}/images/detail`, TOKEN, 'HEAD')
    add('methods', `${project}/images`, {}, 'OPTIONS')
    for (const asked of MICROVERSIONS) {
      const headers = { ...TOKEN, 'X-OpenStack-Nova-API-Version': asked }
      add('microversions', `${project}/images/detail?limit=1`, headers)
    }
  }
  return requests
}
