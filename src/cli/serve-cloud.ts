import type { Config } from '../config/config.ts'
import type { LoadedConfig } from '../config/load.ts'
import { modeOf } from '../config/pairs.ts'
import { BASE_URL, CERTIFICATES, type ValueKind } from '../config/values.ts'
import type { RunningInFront } from '../server/serve-cloud.ts'
import { shellWord } from '../successor/source-text.ts'
import { findCloud } from './client/find-cloud.ts'
import { authenticate, findEndpoint } from './client/sign-in.ts'
import { CommandFailure } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** The configuration, with the addresses of Glance and Keystone in place of a cloud's name. */
export async function withCloudAddresses(
  { config }: LoadedConfig,
  terminal: Terminal,
): Promise<Config> {
  const { cloud: name } = config
  if (name === undefined) return config
  const cloud = findCloud(
    { name, endpoint: undefined, dataFolder: config.data, isDataFolderAsked: false },
    terminal,
  )
  if (cloud.authUrl === undefined) {
    throw new CommandFailure(`${cloud.origin}: auth_url is missing, which says where Keystone is`)
  }
  const check = <T>(setting: string, kind: ValueKind<T>, text: string): T => {
    const value = kind.read([text], terminal.cwd)
    if (value !== undefined) return value
    throw new CommandFailure(`${cloud.origin}: ${setting} "${text}" must be ${kind.form}`)
  }
  const keystoneUrl = check('auth_url', BASE_URL, cloud.authUrl)
  const caFile =
    config.upstream.caFile ??
    (cloud.caFile === undefined ? undefined : check('cacert', CERTIFICATES, cloud.caFile))
  const given = config.glance.url
  const found = async () => check('the image endpoint', BASE_URL, await findGlance(cloud, terminal))
  return {
    ...config,
    glance: { url: given.length > 0 ? given : [await found()] },
    keystone: { ...config.keystone, url: keystoneUrl },
    region: config.region ?? cloud.region,
    upstream: { ...config.upstream, caFile },
  }
}

/** Only the service catalogue knows, and only who signs in sees it. */
async function findGlance(
  cloud: ReturnType<typeof findCloud>,
  { stop }: Terminal,
): Promise<string> {
  const { imageEndpoint } = cloud
  if (imageEndpoint !== undefined) return imageEndpoint
  const { document } = await authenticate(cloud, stop)
  return findEndpoint(cloud, document, 'image')
}

const TO_LIST = 'To list the images'

/** What `serve` prints once it listens. */
export function greetingInFront(
  config: Config,
  { url, metricsUrl }: Pick<RunningInFront, 'url' | 'metricsUrl'>,
  terminal: Terminal,
): string {
  const { cloud, glance, keystone, compute } = config
  // A certificate is for the name that clients use, and seldom for an address of this machine.
  const asked = url.startsWith('https:') ? (compute.publicUrl ?? url) : url
  const alone = 'none: Glance judges every token'
  const lines = [
    'Afterimage stands in front of',
    `  glance    ${glance.url.join(', ')}`,
    `  keystone  ${modeOf(config) === 'cloud' ? keystone.url : alone}`,
    ...(compute.upstreamUrl === undefined
      ? []
      : [`  nova      ${compute.upstreamUrl} (everything that is not about images)`]),
    'and serves',
    `  compute   ${url}/v2.1`,
    ...(metricsUrl === undefined ? [] : [`  metrics   ${metricsUrl}`]),
    '',
    cloud === undefined
      ? `${TO_LIST} (by the cloud's openrc, with python3-openstackclient):`
      : `${TO_LIST}:`,
    `  curl -sS -H "X-Auth-Token: ${tokenOf(config, terminal)}" ${asked}/v2.1/images/detail`,
  ]
  return `${lines.join('\n')}\n\n`
}

function tokenOf({ cloud }: Config, { program }: Terminal): string {
  if (cloud === undefined) return '$(openstack token issue -f value -c id)'
  return `$(${shellWord(program)} token --os-cloud ${shellWord(cloud)})`
}
