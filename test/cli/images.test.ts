import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type CloudBehaviour, type FakeCloud, send, startFakeCloud } from './fake-cloud.ts'
import { runCommand } from './harness.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-images-'))
after(() => rmSync(dir, { recursive: true, force: true }))

/** A folder in which no clouds.yaml of the machine is found. */
const NOWHERE = { HOME: join(dir, 'home'), XDG_CONFIG_HOME: join(dir, 'home') }

const IMAGES = [1, 2, 3, 4, 5].map((n) => ({
  id: `id-${n}`,
  name: `image ${n}`,
  status: 'ACTIVE',
  minRam: 512 * n,
  minDisk: n,
  updated: '2026-01-01T00:00:00Z',
  'OS-EXT-IMG-SIZE:size': n === 5 ? null : 1_500_000_000,
}))

function variables(cloud: FakeCloud, more: Readonly<Record<string, string>> = {}) {
  return {
    ...NOWHERE,
    OS_AUTH_URL: `${cloud.url}/identity`,
    OS_USERNAME: 'ann',
    OS_PASSWORD: 'secret',
    OS_PROJECT_NAME: 'web',
    ...more,
  }
}

async function images(
  behaviour: CloudBehaviour,
  args: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
) {
  await using cloud = await startFakeCloud(behaviour)
  const environment = variables(cloud, more)
  const outcome = await runCommand(['images', ...args], { cwd: dir, environment })
  const lists = cloud.asked.filter(({ path }) => path.endsWith('/images/detail'))
  return { ...outcome, asked: cloud.asked, lists }
}

function writeClouds(file: string, clouds: object): void {
  writeFileSync(file, JSON.stringify({ clouds })) // JSON is YAML
}

describe('signing in', () => {
  it('signs in by name and password in the default domain, scoped to the project', async () => {
    const { code, asked } = await images({})
    assert.equal(code, 0)
    assert.deepEqual(asked[0]?.body, {
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'ann', domain: { id: 'default' }, password: 'secret' } },
        },
        scope: { project: { name: 'web', domain: { id: 'default' } } },
      },
    })
    assert.equal(asked[1]?.token, 'token-of-the-fake-cloud')
  })

  it('takes domains and ids from OS_* variables', async () => {
    const { asked } = await images({}, [], {
      OS_USER_DOMAIN_NAME: 'people',
      OS_PROJECT_ID: 'p7',
    })
    assert.deepEqual(asked[0]?.body, {
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'ann', domain: { name: 'people' }, password: 'secret' } },
        },
        scope: { project: { id: 'p7' } },
      },
    })
  })

  it('takes /v3 and /v2.0 at the end of the address as they come', async () => {
    for (const suffix of ['/v3', '/v3/', '/v2.0', '/']) {
      await using cloud = await startFakeCloud({})
      const environment = variables(cloud, { OS_AUTH_URL: `${cloud.url}/identity${suffix}` })
      const { code } = await runCommand(['images'], { cwd: dir, environment })
      assert.equal(code, 0, suffix)
    }
  })

  it('uses a token and an endpoint as they are, without signing in', async () => {
    await using cloud = await startFakeCloud({ images: IMAGES })
    const { code, stdout } = await runCommand(['images', '--endpoint', `${cloud.url}/v2/p9/`], {
      cwd: dir,
      environment: { ...NOWHERE, OS_TOKEN: 'own-token' },
    })
    assert.equal(code, 0)
    assert.match(stdout, /image 3/)
    assert.deepEqual(
      cloud.asked.map(({ path }) => path),
      ['/v2/p9/images/detail'],
    )
  })

  it('signs in with an application credential, which has a project of its own', async () => {
    const { asked } = await images({}, [], {
      OS_AUTH_TYPE: 'v3applicationcredential',
      OS_APPLICATION_CREDENTIAL_ID: 'c1',
      OS_APPLICATION_CREDENTIAL_SECRET: 's1',
    })
    assert.deepEqual(asked[0]?.body, {
      auth: {
        identity: {
          methods: ['application_credential'],
          application_credential: { id: 'c1', secret: 's1' },
        },
      },
    })
  })

  it('finds the endpoint of the region, and adds a version where there is none', async () => {
    const two = await images({}, [], { OS_REGION_NAME: 'two' })
    assert.equal(two.lists[0]?.path, '/two/v2/p1/images/detail')
    const bare = await images({ computePath: '' })
    assert.equal(bare.lists[0]?.path, '/v2.1/images/detail')
    const none = await images({}, [], { OS_REGION_NAME: 'three' })
    assert.equal(none.code, 1)
    assert.match(none.stderr, /no public compute endpoint in region "three"/)
  })

  it('says what the identity service said, without its control characters', async () => {
    const { code, stderr } = await images({ signInStatus: 401 })
    assert.equal(code, 1)
    assert.match(stderr, /^afterimage: .*refused to sign in.*401: Wrong\\u001b\[2J name\n$/)
    assert.doesNotMatch(stderr, /secret/)
  })

  it('says which setting is missing, in the words of where it was looked for', async () => {
    const environment = { ...NOWHERE, OS_AUTH_URL: 'http://127.0.0.1:1', OS_USERNAME: 'ann' }
    const { code, stderr } = await runCommand(['images'], { cwd: dir, environment })
    assert.equal(code, 1)
    assert.match(stderr, /OS_PASSWORD is missing/)
  })

  it('says that nobody listens there', async () => {
    const cloud = await startFakeCloud({})
    await cloud[Symbol.asyncDispose]()
    const { code, stderr } = await runCommand(['images'], {
      cwd: dir,
      environment: variables(cloud),
    })
    assert.equal(code, 1)
    assert.match(stderr, /cannot reach .*connection refused/)
  })
})

describe('choosing a cloud', () => {
  it('reads clouds.yaml by --os-cloud, OS_CLOUD, or from the data folder', async () => {
    await using cloud = await startFakeCloud({})
    const entry = (username: string) => ({
      auth: { auth_url: `${cloud.url}/identity`, username, password: 'x', project_name: 'p' },
    })
    const data = join(dir, 'data')
    mkdirSync(data)
    writeClouds(join(dir, 'mine.yaml'), { work: entry('work'), afterimage: entry('other') })
    writeClouds(join(data, 'clouds.yaml'), { afterimage: entry('data') })
    const userOf = async (args: readonly string[], environment: Record<string, string>) => {
      const { code, stderr } = await runCommand(['images', ...args], {
        cwd: dir,
        environment: { ...NOWHERE, ...environment },
      })
      assert.equal(code, 0, stderr)
      return JSON.stringify(cloud.asked.at(-2)?.body).match(/"name":"(\w+)"/)?.[1]
    }
    const file = { OS_CLIENT_CONFIG_FILE: join(dir, 'mine.yaml') }
    assert.equal(await userOf(['--os-cloud', 'work'], file), 'work')
    assert.equal(await userOf([], { ...file, OS_CLOUD: 'work' }), 'work')
    assert.equal(await userOf([], { ...file, OS_CLOUD: 'afterimage' }), 'other')
    assert.equal(await userOf(['--data', 'data'], { ...file, OS_CLOUD: 'work' }), 'data')
    assert.equal(await userOf([], { AFTERIMAGE_DATA: 'data' }), 'data')
    assert.equal(await userOf(['--os-cloud', 'work', '--data', 'data'], file), 'work')
  })

  it('suggests the cloud that was meant', async () => {
    writeClouds(join(dir, 'clouds.yaml'), { production: {} })
    const { code, stderr } = await runCommand(['images', '--os-cloud', 'prodution'], {
      cwd: dir,
      environment: NOWHERE,
    })
    rmSync(join(dir, 'clouds.yaml'))
    assert.equal(code, 1)
    assert.match(stderr, /there is no cloud "prodution" \(did you mean "production"\?\)/)
  })

  it('says what to do when no cloud is named', async () => {
    const { code, stderr } = await runCommand(['images'], { cwd: dir, environment: NOWHERE })
    assert.equal(code, 1)
    assert.match(stderr, /no cloud is named: give --os-cloud/)
  })

  it('names file and line of a clouds.yaml that is none', async () => {
    const file = join(dir, 'broken.yaml')
    writeFileSync(file, 'clouds:\n  a: [\n')
    const environment = { ...NOWHERE, OS_CLIENT_CONFIG_FILE: file, OS_CLOUD: 'a' }
    const { stderr } = await runCommand(['images'], { cwd: dir, environment })
    assert.match(stderr, /broken\.yaml:[23]: is not YAML/)
  })
})

describe('listing', () => {
  it('sends every filter under its name in the API, and properties as property-KEY', async () => {
    const { lists } = await images({}, [
      ...['--name', 'a & b', '--status', 'active', '--changes-since', '2026-01-01T00:00:00+02:00'],
      ...['--min-ram', '512', '--min-disk', '10', '--server', 's1', '--type', 'snapshot'],
      ...[
        '--property',
        'os_distro=debian',
        '--property',
        'a=b=c',
        '--marker',
        'm1',
        '--limit',
        '7',
      ],
    ])
    assert.deepEqual(lists[0]?.query, {
      name: 'a & b',
      status: 'active',
      'changes-since': '2026-01-01T00:00:00+02:00',
      minRam: '512',
      minDisk: '10',
      server: 's1',
      type: 'snapshot',
      'property-os_distro': 'debian',
      'property-a': 'b=c',
      marker: 'm1',
      limit: '7',
    })
  })

  it('asks the Image API the translated question with --via image', async () => {
    await using cloud = await startFakeCloud({
      imageApi: [
        { id: 'i1', name: 'one', status: 'active', size: 2048, min_ram: 64, min_disk: 1 },
        { id: 'i2', name: 'two', status: 'saving', size: null, min_ram: 0, min_disk: 0 },
      ],
      pageImages: 1,
    })
    const asked = ['--status', 'saving', '--min-ram', '64', '--via', 'image', '--explain']
    const outcome = await runCommand(['images', ...asked], {
      cwd: dir,
      environment: variables(cloud),
    })
    assert.equal(outcome.code, 0, outcome.stderr)
    assert.equal(
      outcome.stderr,
      'Compute API: GET /v2.1/images/detail?status=saving&minRam=64\n' +
        'Image API:   GET /v2/images?status=in%3Aqueued%2Csaving&min_ram=64\n',
    )
    const lists = cloud.asked.filter(({ path }) => path === '/image/v2/images')
    assert.deepEqual(
      lists.slice(0, 2).map(({ query }) => query),
      [
        { status: 'in:queued,saving', min_ram: '64' },
        { status: 'in:queued,saving', min_ram: '64', marker: '1' },
      ],
    )
    const lines = outcome.stdout.trimEnd().split('\n')
    assert.match(lines[1] ?? '', /^i1 +one +active +2\.0 KiB +64 MiB +1 GiB +-$/)
    assert.equal(lines.length, 3)
  })

  it('says what the Image API cannot be asked', async () => {
    const { code, stderr } = await images({}, ['--via', 'image', '--property', 'size_min=1'])
    assert.equal(code, 1)
    assert.match(stderr, /cannot ask for a property of such a name; leave --via image out/)
    const bad = await images({}, ['--via', 'image', '--changes-since', 'yesterday'])
    assert.equal(bad.code, 2)
    assert.match(bad.stderr, /changes-since must be an ISO 8601 time/)
  })

  it('prints a table, with a dash for what is not known', async () => {
    const { stdout } = await images({ images: IMAGES })
    const lines = stdout.trimEnd().split('\n')
    assert.equal(lines.length, 6)
    assert.match(lines[0] ?? '', /^ID +NAME +STATUS +SIZE +MIN RAM +MIN DISK +UPDATED$/)
    assert.match(lines[1] ?? '', /^id-1 +image 1 +ACTIVE +1\.4 GiB +512 MiB +1 GiB +2026-01-01T/)
    assert.match(lines[5] ?? '', /^id-5 +image 5 +ACTIVE +- +2560 MiB/)
  })

  it('prints the images as the server sent them with --json', async () => {
    const { stdout } = await images({ images: IMAGES }, ['--json'])
    assert.deepEqual(JSON.parse(stdout), IMAGES)
  })

  it('does not let a name steer the terminal', async () => {
    const { stdout } = await images({ images: [{ id: 'x', name: '\u001b]0;owned\u0007\n' }] })
    assert.match(stdout, /\\u001b\]0;owned\\u0007\\u000a/)
    assert.equal(stdout.includes('\u001b'), false)
  })

  it('follows pages to the end, also to one that is empty, keeping filters', async () => {
    const { stdout, lists } = await images({ images: IMAGES, pageImages: 1 }, [
      '--name',
      'x',
      '--json',
    ])
    assert.equal(JSON.parse(stdout).length, 5)
    assert.equal(lists.length, 6)
    assert.ok(lists.every(({ query }) => query['name'] === 'x'))
  })

  it('reads one page with --limit, and says how to go on', async () => {
    const { stdout, stderr, lists } = await images({ images: IMAGES, pageImages: 2 }, [
      ...['--limit', '2', '--json'],
    ])
    assert.equal(JSON.parse(stdout).length, 2)
    assert.equal(lists.length, 1)
    assert.equal(stderr, 'more images follow; go on with --marker id-2\n')
  })

  it('sends the token to no host but the endpoint, whatever the links say', async () => {
    await using stranger = await startFakeCloud({})
    const { stdout } = await images({ images: IMAGES, pageImages: 2, linkHost: stranger.url }, [
      '--json',
    ])
    assert.equal(JSON.parse(stdout).length, 5)
    assert.equal(stranger.asked.length, 0)
  })

  it('does not follow a redirect with the token', async () => {
    await using stranger = await startFakeCloud({})
    const { code, stderr } = await images({
      answer: (response) => response.writeHead(302, { Location: stranger.url }).end(),
    })
    assert.equal(code, 1)
    assert.match(stderr, /answered 302/)
    assert.equal(stranger.asked.length, 0)
  })

  it('stops where pages go round in a circle', async () => {
    const { code, stderr } = await images({
      answer: (response) =>
        send(response, 200, {
          images: [{ id: 'a' }],
          images_links: [{ rel: 'next', href: '/images/detail?marker=a' }],
        }),
    })
    assert.equal(code, 1)
    assert.match(stderr, /round in a circle/)
  })

  it('says what a cloud that has switched the API off did', async () => {
    const { code, stderr, stdout } = await images({
      answer: (response) => send(response, 404, { itemNotFound: { code: 404, message: 'Gone' } }),
    })
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr, /answered 404: Gone \(many clouds have switched this API off; --via image/)
  })

  it('refuses an answer that is no list', async () => {
    for (const json of [[], {}, { images: 'x' }, { images: [1] }, null]) {
      const { code, stderr } = await images({ answer: (response) => send(response, 200, json) })
      assert.equal(code, 1)
      assert.match(stderr, /something that is no list of images/)
    }
  })

  it('ends when it is told to stop while the server is silent', async () => {
    const stop = new AbortController()
    await using cloud = await startFakeCloud({ answer: () => stop.abort() })
    const { code, stderr } = await runCommand(['images'], {
      cwd: dir,
      environment: variables(cloud),
      stop: stop.signal,
    })
    assert.equal(code, 1)
    assert.equal(stderr, 'afterimage: stopped\n')
  })
})

describe('wrong flags', () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--limit', '0'], /--limit "0" must be a whole number from 1/],
    [['--limit', 'x'], /--limit/],
    [['--min-ram', '1.5'], /--min-ram "1\.5" must be a whole number/],
    [['--property', 'novalue'], /--property "novalue" must be KEY=VALUE/],
    [['--propertys', 'a=b'], /unknown option '--propertys' \(Did you mean --property\?\)/],
    [['extra'], /too many arguments/],
  ]
  for (const [args, expected] of cases) {
    it(`are usage errors: ${args.join(' ')}`, async () => {
      const { code, stderr } = await runCommand(['images', ...args], {
        cwd: dir,
        environment: NOWHERE,
      })
      assert.equal(code, 2)
      assert.match(stderr, expected)
      assert.equal(stderr.split('\n').length, 2, 'one line')
    })
  }
})

describe('token', () => {
  it('prints the token and nothing else', async () => {
    await using cloud = await startFakeCloud({})
    const outcome = await runCommand(['token'], { cwd: dir, environment: variables(cloud) })
    assert.deepEqual(outcome, { code: 0, stdout: 'token-of-the-fake-cloud\n', stderr: '' })
  })
})
