import type { Endpoints } from './catalog.ts'

/** What version discovery says; mirrors keystone/api/discovery.py. */
export function versionList(endpoints: Endpoints) {
  return { versions: { values: [versionThree(endpoints), versionTwo(endpoints)] } }
}

export function versionThree({ identity }: Endpoints) {
  return {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${identity}/v3/` }],
    'media-types': [mediaType('v3')],
  }
}

/** Old clients sign in with it; it says that it is deprecated, as Keystone's last one did. */
export function versionTwo({ identity }: Endpoints) {
  return {
    id: 'v2.0',
    status: 'deprecated',
    updated: '2016-08-04T00:00:00Z',
    links: [
      { rel: 'self', href: `${identity}/v2.0/` },
      { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
    ],
    'media-types': [mediaType('v2.0')],
  }
}

function mediaType(version: string) {
  return {
    base: 'application/json',
    type: `application/vnd.openstack.identity-${version}+json`,
  }
}
