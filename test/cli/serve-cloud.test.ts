import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { goodGlance, goodKeystone, TOKEN, tokenDocument } from '../cloud/stand.ts'
import {
  type FakeUpstream,
  fakeUpstream,
  json,
  type SeenRequest,
  status,
} from '../upstream/fake-upstream.ts'
import { type Outcome, runCommand } from './harness.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-serve-cloud-'))
after(() => rmSync(dir, { recursive: true, force: true }))

interface Cloud {
  readonly glance: FakeUpstream
  readonly keystone: FakeUpstream
}

/** A cloud whose service catalogue has its Glance in the region `two` alone. */
async function startCloud(t: TestContext): Promise<Cloud> {
  const glance = await fakeUpstream(t)
  const keystone = await fakeUpstream(t)
  glance.behave((request: SeenRequest) =>
    request.path === '/versions' ? json(200, { versions: [] }) : goodGlance(request),
  )
  const endpoint = (region: string, url: string) => ({ region, interface: 'public', url })
  const endpoints = [endpoint('one', 'http://wrong.test'), endpoint('two', `${glance.url}/v2/`)]
  const document = tokenDocument({ catalog: [{ type: 'image', endpoints }] })
  keystone.behave((request: SeenRequest) => {
    if (request.path === '/v3') return json(200, {})
    if (request.method !== 'POST') return goodKeystone(request)
    const isRight = request.body.includes('"open sesame"')
    return isRight ? json(201, document, { 'x-subject-token': TOKEN }) : status(401)
  })
  return { glance, keystone }
}

function writeClouds({ keystone }: Cloud, settings = ''): void {
  const auth = `auth_url: ${keystone.url}/v3, username: u, password: open sesame, project_name: p`
  const text = `clouds:\n  mine:\n    auth: { ${auth} }\n    region_name: two\n${settings}`
  writeFileSync(join(dir, 'clouds.yaml'), text)
}

/** Runs `serve` until `work` is done. */
async function serve(
  args: readonly string[],
  work: (greeting: string) => Promise<void>,
): Promise<Outcome> {
  const stop = new AbortController()
  let greet: (text: string) => void = () => undefined
  const greeted = new Promise<string>((resolve) => {
    greet = resolve
  })
  const ending = runCommand(['serve', '--compute-port', '0', ...args], {
    cwd: dir,
    stop: stop.signal,
    onStdout: (text) => greet(text),
  })
  const early = ending.then(({ stderr }) => assert.fail(`it ended: ${stderr}`))
  try {
    await work(await Promise.race([greeted, early]))
  } finally {
    early.catch(() => undefined)
    stop.abort()
  }
  return ending
}

function computeUrl(greeting: string): string {
  return /^ {2}compute +(http:\/\/\S+)$/m.exec(greeting)?.[1] ?? assert.fail(greeting)
}

async function listIds(greeting: string): Promise<readonly string[]> {
  const response = await fetch(`${computeUrl(greeting)}/images/detail`, {
    headers: { 'x-auth-token': TOKEN },
  })
  assert.equal(response.status, 200)
  const { images } = (await response.json()) as { images: { id: string }[] }
  return images.map(({ id }) => id)
}

describe('serve in front of a cloud', () => {
  it('says what it stands in front of, serves it, and makes no data folder', async (t) => {
    const { glance, keystone } = await startCloud(t)
    const nova = 'http://nova.test:8774'
    const args = ['--glance-url', glance.url, '--keystone-url', `${keystone.url}/v3`]
    const { code, stderr } = await serve(
      [...args, '--compute-upstream-url', nova, '--log-level', 'warn'],
      async (greeting) => {
        assert.match(greeting, new RegExp(`^ {2}glance +${glance.url}$`, 'm'))
        assert.match(greeting, new RegExp(`^ {2}keystone +${keystone.url}/v3$`, 'm'))
        assert.match(greeting, new RegExp(`^ {2}nova +${nova} `, 'm'))
        const token = 'X-Auth-Token: $(openstack token issue -f value -c id)'
        const line = `  curl -sS -H "${token}" ${computeUrl(greeting)}/images/detail\n`
        assert.ok(greeting.includes(line), greeting)
        assert.match(greeting, /openrc.*python3-openstackclient/)
        assert.equal((await listIds(greeting)).length, 1)
      },
    )
    assert.equal(code, 0)
    assert.equal(stderr, 'afterimage: stopping; requests in flight are finished first\n')
    assert.equal(existsSync(join(dir, 'afterimage-data')), false)
  })

  it('finds Glance and Keystone by the name of a cloud', async (t) => {
    const cloud = await startCloud(t)
    writeClouds(cloud)
    const { code } = await serve(['--cloud', 'mine'], async (greeting) => {
      assert.match(greeting, new RegExp(`^ {2}glance +${cloud.glance.url}/v2/?$`, 'm'))
      assert.match(greeting, /curl .*\$\(afterimage token --os-cloud mine\)/)
      assert.doesNotMatch(greeting, /sesame/)
      assert.equal((await listIds(greeting)).length, 1)
    })
    assert.equal(code, 0)
    const signIns = cloud.keystone.requests.filter(({ method }) => method === 'POST')
    assert.equal(signIns.length, 1)
    assert.equal(cloud.glance.requests.at(-1)?.headers['x-auth-token'], TOKEN)
  })

  it('signs in nowhere when the address of Glance is known', async (t) => {
    const cloud = await startCloud(t)
    writeClouds(cloud, `    image_endpoint_override: ${cloud.glance.url}\n`)
    await serve(['--cloud', 'mine'], async (greeting) => {
      assert.equal((await listIds(greeting)).length, 1)
    })
    writeClouds(cloud)
    await serve(['--cloud', 'mine', '--glance-url', cloud.glance.url], async (greeting) => {
      assert.equal((await listIds(greeting)).length, 1)
    })
    assert.ok(cloud.keystone.requests.every(({ method }) => method === 'GET'))
  })

  it('says why a cloud cannot be found or signed in to', async (t) => {
    const cloud = await startCloud(t)
    writeClouds(cloud)
    const failed = async (args: readonly string[]) => {
      const { code, stderr } = await runCommand(['serve', ...args], { cwd: dir })
      assert.equal(code, 1)
      return stderr
    }
    assert.match(await failed(['--cloud', 'mien']), /there is no cloud "mien".*"mine"/)
    const good = cloud.keystone.url
    const settings: readonly (readonly [authUrl: string, beside: string, problem: RegExp])[] = [
      ['ftp://k.test', '', /cloud "mine": auth_url "ftp:.*" must be an http:\/\/ or https/],
      [
        good,
        'cacert: none.pem',
        /cloud "mine": cacert "none\.pem" must be the path of a file of c/,
      ],
      [good, 'image_endpoint_override: x', /cloud "mine": the image endpoint "x" must be an http/],
    ]
    for (const [authUrl, beside, problem] of settings) {
      const auth = `auth_url: ${authUrl}, username: u, password: p, project_name: p`
      const text = `clouds:\n  mine:\n    auth: { ${auth} }\n    ${beside}\n`
      writeFileSync(join(dir, 'clouds.yaml'), text)
      assert.match(await failed(['--cloud', 'mine']), problem)
    }
    writeClouds(cloud)
    cloud.keystone.behave(() => status(401))
    assert.match(await failed(['--cloud', 'mine']), /refused to sign in .*cloud "mine"/)
  })

  it('starts, and warns, when Glance and Keystone are not there yet', async (t) => {
    const { glance, keystone } = await startCloud(t)
    await glance.stop()
    await keystone.stop()
    const args = ['--glance-url', glance.url, '--keystone-url', keystone.url]
    const { code, stderr } = await serve(args, async (greeting) => {
      const response = await fetch(new URL('/healthcheck', computeUrl(greeting)))
      assert.equal(response.status, 200)
      await new Promise((resolve) => setTimeout(resolve, 700))
    })
    assert.equal(code, 0)
    assert.match(stderr, /^afterimage: Glance does not answer \(/m)
    assert.match(stderr, /^afterimage: Keystone does not answer \(/m)
  })

  it('refuses what does not go together, and names the flags', async () => {
    const glance = ['--glance-url', 'http://glance.test']
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['--keystone-url', 'http://k.test'], /--keystone-url\) needs a Glance: give --glance-url/],
      [[...glance, '--cache-ttl-ms', '5'], /--cache-ttl-ms\) needs a Keystone/],
      [[...glance, '--example'], /--example is for the embedded catalogue/],
    ]
    for (const [args, message] of cases) {
      const { code, stderr } = await runCommand(['serve', ...args], { cwd: dir })
      assert.equal(code, 2)
      assert.match(stderr, message)
    }
  })
})
