/** Who a caller's program is, as its `User-Agent` says. */
export interface ClientProgram {
  /** One of CLIENT_FAMILIES. */
  readonly family: ClientFamily
  /** Such as `1.14.1`; '' when it says none. */
  readonly version: string
}

/**
 * The known client families, the most specific first: a tool before the library it uses, a library
 * before its HTTP client. The list is fixed, so that a header cannot add a new value to a metric or
 * a report.
 */
const FAMILIES = [
  ['afterimage', /\bafterimage\b/i],
  ['terraform', /\bterraform\b/i],
  ['rancher-machine', /\b(?:rancher|docker)[- ]?machine\b/i],
  ['foreman', /\bforeman\b/i],
  ['cluster-api', /\bcluster-api\b/i],
  ['packer', /\bpacker\b/i],
  ['ansible', /\bansible\b/i],
  ['tempest', /\btempest\b/i],
  ['gophercloud', /\bgophercloud\b/i],
  ['openstackclient', /\bpython-openstackclient\b|\bosc-lib\b/i],
  ['novaclient', /\bpython-novaclient\b/i],
  ['glanceclient', /\bpython-glanceclient\b/i],
  ['openstacksdk', /\bopenstacksdk\b/i],
  ['fog', /\bfog(?:-core|-openstack)?\b/i],
  ['pkgcloud', /\bpkgcloud\b/i],
  ['libcloud', /\blibcloud\b/i],
  ['jclouds', /\bjclouds\b/i],
  ['openstack4j', /\bopenstack4j\b/i],
  ['php-opencloud', /\b(?:php-)?opencloud\b/i],
  ['keystoneauth', /\bkeystoneauth1\b/i],
  ['curl', /^curl\b/i],
  ['wget', /^wget\b/i],
  ['go', /^go-http-client\b/i],
  ['python', /\bpython-(?:requests|urllib3?|httpx)\b|\baiohttp\b/i],
  ['java', /\b(?:java|okhttp|apache-httpclient)\b/i],
  ['ruby', /\b(?:ruby|faraday|excon)\b/i],
  ['php', /\bguzzlehttp\b/i],
  ['node', /^(?:node|undici|axios|got)\b/i],
  ['browser', /^mozilla\b/i],
] as const

/** `none`: no `User-Agent` at all; `other`: one that is not known. */
export type ClientFamily = (typeof FAMILIES)[number][0] | 'none' | 'other'

export const CLIENT_FAMILIES: readonly ClientFamily[] = [
  ...FAMILIES.map(([family]) => family),
  'none',
  'other',
]

/** More of a header than this tells nothing new. */
const HEADER_CHARACTERS_READ = 512
/** Versions are words of at most 32 characters; what is longer is no version. */
const VERSION = /^[/ ]v?(\d[\w.+-]{0,31})(?![\w.+-])/

/** Reads a `User-Agent` header. */
export function clientProgramOf(userAgent: string | undefined): ClientProgram {
  const text = (userAgent ?? '').slice(0, HEADER_CHARACTERS_READ).trim()
  if (text === '') return { family: 'none', version: '' }
  for (const [family, pattern] of FAMILIES) {
    const found = pattern.exec(text)
    if (found === null) continue
    const version = VERSION.exec(text.slice(found.index + found[0].length))?.[1] ?? ''
    return { family, version }
  }
  return { family: 'other', version: '' }
}
