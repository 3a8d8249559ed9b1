import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Fills a new Keystone with the suite's projects, users and endpoints, and writes down what a test
 * has to know, in cloud.json: `provision.ts KEYSTONE_URL GLANCE_URL NOVA_URL STATE_FOLDER`. The
 * variable CLOUD_PASSWORD has the password of all users.
 */

const EXPIRED_TOKEN = fileURLToPath(new URL('expired-token.py', import.meta.url))

const PROJECTS = ['admin', 'service', 'demo', 'alt']

/** Each user's roles, by project; Keystone's own bootstrap makes `admin`. */
const GRANTS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  glance: { service: ['admin', 'service'] },
  nova: { service: ['admin', 'service'] },
  demo: { demo: ['member', 'reader'] },
  alt_demo: { alt: ['member', 'reader'] },
  demo_reader: { demo: ['reader'] },
}

const [keystoneUrl = '', glanceUrl = '', novaUrl = '', state = ''] = process.argv.slice(2)
const password = process.env['CLOUD_PASSWORD'] ?? ''

async function call(method: string, path: string, token = '', body?: object) {
  const response = await fetch(`${keystoneUrl}/v3${path}`, {
    method,
    headers: { 'Content-Type': 'application/json', 'X-Auth-Token': token },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`Keystone: ${method} ${path}: ${response.status} ${text}`)
  return { headers: response.headers, json: text === '' ? {} : JSON.parse(text) }
}

async function signIn(): Promise<string> {
  const domain = { id: 'default' }
  const identity = {
    methods: ['password'],
    password: { user: { name: 'admin', domain, password } },
  }
  const scope = { project: { name: 'admin', domain } }
  const { headers } = await call('POST', '/auth/tokens', '', { auth: { identity, scope } })
  return headers.get('x-subject-token') ?? ''
}

const token = await signIn()

/** The id of the resource of this name, which is created if it does not exist. */
async function ensure(kind: string, name: string, rest: object = {}): Promise<string> {
  const { json: found } = await call('GET', `/${kind}s?name=${name}`, token)
  const [existing] = found[`${kind}s`]
  if (existing !== undefined) return existing.id
  const { json: made } = await call('POST', `/${kind}s`, token, { [kind]: { name, ...rest } })
  return made[kind].id
}

async function ensureEndpoints(name: string, type: string, url: string): Promise<void> {
  const service = await ensure('service', name, { type })
  const { json } = await call('GET', `/endpoints?service_id=${service}`, token)
  for (const kind of ['public', 'internal', 'admin']) {
    if (json.endpoints.some((e: { interface: string }) => e.interface === kind)) continue
    const endpoint = { service_id: service, interface: kind, url, region_id: 'RegionOne' }
    await call('POST', '/endpoints', token, { endpoint })
  }
}

const domain_id = 'default'
const projects: Record<string, string> = {}
for (const name of PROJECTS) projects[name] = await ensure('project', name, { domain_id })
const users: Record<string, string> = {}
for (const [name, grants] of Object.entries(GRANTS)) {
  users[name] = await ensure('user', name, { domain_id, password })
  for (const [project, roles] of Object.entries(grants)) {
    for (const role of roles) {
      const path = `/projects/${projects[project]}/users/${users[name]}/roles/${await ensure('role', role)}`
      await call('PUT', path, token)
    }
  }
}
await ensureEndpoints('glance', 'image', glanceUrl)
await ensureEndpoints('nova', 'compute', `${novaUrl}/v2.1`)

/** Made outside Keystone, with its keys; its output on `stderr` is not needed. */
const expiredToken = execFileSync(
  '/usr/bin/python3',
  [
    EXPIRED_TOKEN,
    join(state, 'keystone/keystone.conf'),
    users['demo'] ?? '',
    projects['demo'] ?? '',
  ],
  { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
).trim()

const cloud = {
  keystoneUrl,
  glanceUrl,
  novaUrl,
  password,
  expiredToken,
  projects,
  users,
}
writeFileSync(join(state, 'cloud.json'), `${JSON.stringify(cloud, null, 2)}\n`, { mode: 0o600 })
