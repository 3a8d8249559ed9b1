import { MAXIMUM, MINIMUM, type Prefix, printVersion } from './versions.ts'

/**
 * The version documents. Mirrors nova/api/openstack/compute/versions.py and views/versions.py.
 */

interface Version {
  readonly id: string
  readonly status: string
  readonly version: string
  readonly min_version: string
  readonly updated: string
  readonly mediaVersion: string
}

const VERSIONS: Readonly<Record<Prefix, Version>> = {
  v2: {
    id: 'v2.0',
    status: 'SUPPORTED',
    version: '',
    min_version: '',
    updated: '2011-01-21T11:33:21Z',
    mediaVersion: '2',
  },
  'v2.1': {
    id: 'v2.1',
    status: 'CURRENT',
    version: printVersion(MAXIMUM),
    min_version: printVersion(MINIMUM),
    updated: '2013-07-23T11:33:21Z',
    mediaVersion: '2.1',
  },
}

const PREFIXES: readonly Prefix[] = ['v2', 'v2.1']

/** `GET /`: every version. */
export function printVersionList(base: string): string {
  const versions = PREFIXES.map((prefix) => ({ ...summary(prefix), links: [self(base, prefix)] }))
  return JSON.stringify({ versions })
}

/** `GET /v2/`, `GET /v2.1/`: one version. */
export function printVersionDocument(base: string, prefix: Prefix): string {
  const describedBy = { rel: 'describedby', type: 'text/html', href: 'http://docs.openstack.org/' }
  return JSON.stringify({
    version: {
      ...summary(prefix),
      links: [self(base, prefix), describedBy],
      'media-types': mediaTypes(prefix),
    },
  })
}

/** 300 for another path at the root: it offers the same path under each version. */
export function printChoices(base: string, path: string): string {
  const choices = PREFIXES.map((prefix) => ({
    id: VERSIONS[prefix].id,
    status: VERSIONS[prefix].status,
    links: [{ rel: 'self', href: `${base}/${prefix}${path}` }],
    'media-types': mediaTypes(prefix),
  }))
  return JSON.stringify({ choices })
}

function summary(prefix: Prefix): Omit<Version, 'mediaVersion'> {
  const { mediaVersion: _, ...shown } = VERSIONS[prefix]
  return shown
}

function self(base: string, prefix: Prefix): { rel: string; href: string } {
  return { rel: 'self', href: `${base}/${prefix}/` }
}

function mediaTypes(prefix: Prefix): readonly { base: string; type: string }[] {
  const type = `application/vnd.openstack.compute+json;version=${VERSIONS[prefix].mediaVersion}`
  return [{ base: 'application/json', type }]
}
