import type { IncomingHttpHeaders } from 'node:http'
import { said } from '../request/said.ts'
import { ComputeFault } from './faults.ts'

/**
 * The versions this face speaks. `v2` is the legacy API, which has no microversions and ignores
 * their headers; `v2.1` has them. Mirrors nova/api/openstack/api_version_request.py.
 */
export type Prefix = 'v2' | 'v2.1'

export interface Microversion {
  readonly major: number
  readonly minor: number
}

export const MINIMUM: Microversion = { major: 2, minor: 1 }
export const MAXIMUM: Microversion = { major: 2, minor: 93 }
/** The last version with images (MAX_PROXY_API_SUPPORT_VERSION); then 404. */
export const IMAGES_UNTIL: Microversion = { major: 2, minor: 35 }
/** The last version with image metadata (MAX_IMAGE_META_PROXY_API_VERSION); then 404. */
export const METADATA_UNTIL: Microversion = { major: 2, minor: 38 }

/** Negative when `a` is the older. */
export function compareVersions(a: Microversion, b: Microversion): number {
  return a.major - b.major || a.minor - b.minor
}

export function printVersion(version: Microversion): string {
  return `${version.major}.${version.minor}`
}

/** The headers that tell which microversion answered. */
export function versionHeaders(version: Microversion): Record<string, string> {
  const text = printVersion(version)
  return {
    'openstack-api-version': `compute ${text}`,
    'x-openstack-nova-api-version': text,
    vary: 'OpenStack-API-Version, X-OpenStack-Nova-API-Version',
  }
}

const VERSION = /^([1-9]\d*)\.([1-9]\d*|0)$/

/**
 * Reads the microversion asked for. Mirrors microversion_parse (get_version) and
 * nova/api/openstack/wsgi.py (Request.set_api_version_request).
 * @throws ComputeFault 'version.malformed', 'version.unsupported'
 */
export function readMicroversion(headers: IncomingHttpHeaders): Microversion {
  const asked = askedVersion(headers)
  if (asked === undefined) return MINIMUM
  if (asked === 'latest') return MAXIMUM
  const m = VERSION.exec(asked)
  if (m === null) {
    throw new ComputeFault(
      'version.malformed',
      said`API Version String ${asked} is of invalid format. Must be of format MajorNum.MinorNum.`,
    )
  }
  const version = { major: Number(m[1]), minor: Number(m[2]) }
  if (compareVersions(version, MINIMUM) < 0 || compareVersions(version, MAXIMUM) > 0) {
    const range = `Minimum is ${printVersion(MINIMUM)} and maximum is ${printVersion(MAXIMUM)}.`
    // The text as asked for: a number too large for a float would print otherwise.
    throw new ComputeFault(
      'version.unsupported',
      said`Version ${asked} is not supported by the API. ${range}`,
      {
        'openstack-api-version': `compute ${asked}`,
        'x-openstack-nova-api-version': asked,
        vary: 'OpenStack-API-Version, X-OpenStack-Nova-API-Version',
      },
    )
  }
  return version
}

/** The standard header's entry for compute beats the older header; of several the last one counts. */
function askedVersion(headers: IncomingHttpHeaders): string | undefined {
  const entries = listed(headers['openstack-api-version']).map((entry) => entry.split(/\s+/))
  const asked = entries.findLast(
    ([service = '', ...rest]) => service.toLowerCase() === 'compute' && rest.length > 0,
  )
  if (asked !== undefined) return asked.slice(1).join(' ')
  return listed(headers['x-openstack-nova-api-version']).at(-1)
}

/** The entries of a header that is a list, or was sent more than once. */
function listed(value: string | string[] | undefined): readonly string[] {
  return value === undefined
    ? []
    : String(value)
        .split(',')
        .map((entry) => entry.trim())
}
