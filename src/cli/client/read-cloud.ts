import { CommandFailure } from '../failure.ts'
import type { Cloud, Credentials, Named } from './cloud.ts'

/** Settings of one cloud by their name in clouds.yaml, those under `auth` among them. */
export type CloudSettings = Readonly<Record<string, string | undefined>>

const DEFAULT_DOMAIN = 'default'
const DEFAULT_INTERFACE = 'public'

/**
 * Reads how to sign in, from clouds.yaml or from OS_* variables, as keystoneauth1 names things.
 * `nameOf` turns a setting into the name that the user knows.
 * @throws CommandFailure naming what is missing
 */
export function readCloud(
  settings: CloudSettings,
  origin: string,
  nameOf: (setting: string) => string,
): Cloud {
  const missing = (setting: string): never => {
    throw new CommandFailure(`${origin}: ${nameOf(setting)} is missing`)
  }
  if (settings['verify']?.toLowerCase() === 'false') {
    throw new CommandFailure(
      `${origin}: ${nameOf('verify')} false is not done here; ` +
        `give the server's certificate as ${nameOf('cacert')}`,
    )
  }
  const credentials = readCredentials(settings, origin, missing)
  const endpoint = settings['compute_endpoint_override']
  const authUrl = settings['auth_url']
  if (authUrl === undefined && !(credentials.method === 'token' && endpoint !== undefined)) {
    missing('auth_url')
  }
  const project = named(settings, 'project') ?? named(settings, 'tenant', 'project')
  return {
    origin,
    authUrl,
    credentials,
    // An application credential brings its own project.
    scope:
      project === undefined || credentials.method === 'application_credential'
        ? undefined
        : { project },
    region: settings['region_name'],
    interface: (settings['interface'] ?? settings['endpoint_type'] ?? DEFAULT_INTERFACE).replace(
      /URL$/,
      '',
    ),
    endpoint,
    imageEndpoint: settings['image_endpoint_override'],
    caFile: settings['cacert'],
  }
}

function readCredentials(
  settings: CloudSettings,
  origin: string,
  missing: (setting: string) => never,
): Credentials {
  const type = settings['auth_type'] ?? guessType(settings)
  switch (type) {
    case 'password':
    case 'v3password':
      return {
        method: 'password',
        user: named(settings, 'user') ?? missing('username'),
        password: settings['password'] ?? missing('password'),
      }
    case 'token':
    case 'v3token':
      return { method: 'token', token: settings['token'] ?? missing('token') }
    case 'v3applicationcredential':
      return readApplicationCredential(settings, missing)
    default:
      throw new CommandFailure(
        `${origin}: sign-in by "${type}" is not known here; ` +
          'use password, token or v3applicationcredential',
      )
  }
}

/** By id, or by name and user. */
function readApplicationCredential(
  settings: CloudSettings,
  missing: (setting: string) => never,
): Credentials {
  const id = settings['application_credential_id']
  const name = settings['application_credential_name']
  const user = named(settings, 'user')
  if (id === undefined && name === undefined) missing('application_credential_id')
  if (id === undefined && user === undefined) missing('username')
  const secret =
    settings['application_credential_secret'] ?? missing('application_credential_secret')
  return { method: 'application_credential', secret, id, name, user }
}

function guessType(settings: CloudSettings): string {
  if (settings['application_credential_secret'] !== undefined) return 'v3applicationcredential'
  return settings['token'] !== undefined && settings['password'] === undefined
    ? 'token'
    : 'password'
}

/** A user or project: by id, or by name in a domain. */
function named(
  settings: CloudSettings,
  what: 'user' | 'project' | 'tenant',
  domainOf: 'user' | 'project' = what === 'user' ? 'user' : 'project',
): Named | undefined {
  const id = settings[`${what}_id`]
  if (id !== undefined) return { id }
  const name = settings[what === 'user' ? 'username' : `${what}_name`]
  if (name === undefined) return undefined
  const domainName = settings[`${domainOf}_domain_name`] ?? settings['default_domain_name']
  const domainId = settings[`${domainOf}_domain_id`] ?? settings['default_domain']
  if (domainId !== undefined) return { name, domain: { id: domainId } }
  return {
    name,
    domain: domainName === undefined ? { id: DEFAULT_DOMAIN } : { name: domainName },
  }
}
