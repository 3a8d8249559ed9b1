import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { parse } from 'yaml'
import type { Flags } from '../../src/config/load.ts'
import { runCommand } from '../cli/harness.ts'
import { startFakeNova } from '../cloud/fake-nova.ts'
import { startStand } from '../cloud/stand.ts'
import { startRunning } from '../server/running.ts'
import { writeCertificate } from './make-certificate.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-serve-tls-'))
after(() => rmSync(dir, { recursive: true, force: true }))
const made = writeCertificate(dir, 'cloud')

before(() => setDefaultCACertificates([...getCACertificates('default'), made.certificate]))

interface Endpoint {
  readonly type: string
  readonly endpoints: readonly { readonly url: string }[]
}

async function start(name: string, flags: Flags) {
  const data = join(dir, name)
  return { data, ...(await startRunning(data, { 'metrics.port': '0', ...flags })) }
}

async function catalogue(url: string, token: string): Promise<Readonly<Record<string, string>>> {
  const answer = await fetch(`${url}/v3/auth/catalog`, { headers: { 'x-auth-token': token } })
  const { catalog } = (await answer.json()) as { catalog: readonly Endpoint[] }
  return Object.fromEntries(catalog.map(({ type, endpoints }) => [type, endpoints[0]?.url ?? '']))
}

describe('all services over TLS', () => {
  const flags: Flags = { 'tls.certFile': made.certFile, 'tls.keyFile': made.keyFile }

  it('say https in the service catalogue, in clouds.yaml and in links, and commands follow', async (t) => {
    const { data, running, token, project } = await start('all', flags)
    t.after(() => running.close())
    const { urls } = running
    for (const url of Object.values(urls)) assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/)
    const found = await catalogue(urls.identity, token)
    assert.ok(found['compute']?.startsWith(`${urls.compute}/v2.1`))
    assert.equal(found['image'], urls.image)
    assert.equal(found['identity'], `${urls.identity}/v3`)
    const { clouds } = parse(readFileSync(join(data, 'clouds.yaml'), 'utf8'))
    assert.equal(clouds.afterimage.auth.auth_url, `${urls.identity}/v3`)
    const versions = await fetch(`${urls.compute}/`, { headers: { 'x-auth-token': token } })
    assert.match(await versions.text(), new RegExp(`"href": ?"${urls.compute}/v2.1/"`))
    const created = await fetch(`${urls.image}/v2/images`, {
      method: 'POST',
      headers: { 'x-auth-token': token, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'one', disk_format: 'raw', container_format: 'bare' }),
    })
    assert.match(created.headers.get('location') ?? '', new RegExp(`^${urls.image}/v2/images/`))
    const list = await fetch(`${urls.compute}/v2.1/${project}/images?limit=1`, {
      headers: { 'x-auth-token': token },
    })
    assert.equal(list.status, 200)
    assert.match(list.headers.get('link') ?? '', new RegExp(`<${urls.compute}/deprecation>`))
    const { code, stderr } = await runCommand(['images', '--data', data], { cwd: dir })
    assert.equal(code, 0, stderr)
  })
})

describe('one service over TLS', () => {
  it('has https in the addresses that the others say, and they have http', async (t) => {
    const { running, token } = await start('one', {
      'image.tls.certFile': made.certFile,
      'image.tls.keyFile': made.keyFile,
    })
    t.after(() => running.close())
    const { compute, image, identity } = running.urls
    assert.deepEqual(
      [compute, image, identity].map((url) => new URL(url).protocol),
      ['http:', 'https:', 'http:'],
    )
    const found = await catalogue(identity, token)
    assert.ok(found['compute']?.startsWith(`${compute}/v2.1`))
    assert.equal(found['image'], image)
    assert.equal((await fetch(`${image}/healthcheck`)).status, 200)
  })
})

describe('in front of a Glance and a Nova, over TLS', () => {
  it('says https in links, and to Nova, unless the caller has said what it came by', async (t) => {
    const nova = await startFakeNova(t)
    await using stand = await startStand(t, {
      flags: {
        'tls.certFile': made.certFile,
        'tls.keyFile': made.keyFile,
        'compute.upstreamUrl': nova.url,
      },
    })
    assert.match(stand.running.url, /^https:/)
    const { json } = await stand.ask('images?limit=1')
    const { images } = json as { images: readonly { links: readonly { href: string }[] }[] }
    assert.ok(images[0]?.links[0]?.href.startsWith(`${stand.running.url}/v2.1/`))
    const proto = async (headers: Readonly<Record<string, string>>) => {
      await stand.ask('servers', { headers })
      const raw = nova.seen.at(-1)?.rawHeaders ?? []
      return raw.flatMap((name, i) =>
        name.toLowerCase() === 'x-forwarded-proto' ? raw[i + 1] : [],
      )
    }
    assert.deepEqual(await proto({}), ['https'])
    assert.deepEqual(await proto({ 'x-forwarded-proto': 'http' }), ['http'])
  })
})
