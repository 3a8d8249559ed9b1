import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { type Outcome, runCommand } from './harness.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-credential-'))
const data = join(dir, 'data')
const stop = new AbortController()
let serving: Promise<Outcome>

/** The commands work beside a server, as they will be used. */
before(async () => {
  const ports = ['compute', 'image', 'identity'].flatMap((face) => [`--${face}-port`, '0'])
  await new Promise<void>((resolve, reject) => {
    serving = runCommand(['serve', '--example', '--data', data, ...ports], {
      cwd: dir,
      stop: stop.signal,
      onStdout: () => resolve(),
    })
    serving.then(({ stderr }) => reject(new Error(stderr)), reject)
  })
})

after(async () => {
  stop.abort()
  await serving
  rmSync(dir, { recursive: true, force: true })
})

function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return runCommand(args, { cwd: dir, environment })
}

async function ok(...args: readonly string[]) {
  const { code, stdout, stderr } = await run(['credential', ...args, '--data', data])
  assert.equal(code, 0, stderr)
  return { stdout, stderr }
}

async function failure(...args: readonly string[]) {
  const { code, stdout, stderr } = await run(['credential', ...args, '--data', data])
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^afterimage: [^\n]+\n$/)
  return stderr
}

async function list(...args: readonly string[]) {
  return JSON.parse((await ok('list', '--json', ...args)).stdout)
}

/** `afterimage images` with a clouds.yaml. */
function images(cloudsYaml: string, cloud: string) {
  const file = join(dir, `${cloud}.yaml`)
  writeFileSync(file, cloudsYaml)
  return run(['images', '--os-cloud', cloud, '--json'], { OS_CLIENT_CONFIG_FILE: file })
}

describe('credential', () => {
  it('makes one whose clouds.yaml signs in, until it is deleted', async () => {
    const { stdout, stderr } = await ok('create', 'ci', '--user', 'demo')
    const { clouds } = parse(stdout)
    const { id, name, user, project, roles, expiresAtMs } = (await list())[0]
    assert.deepEqual(
      [name, user.name, project.name, roles, expiresAtMs],
      ['ci', 'demo', 'demo', ['member', 'reader'], null],
    )
    const { auth_url, application_credential_secret: secret } = clouds.ci.auth
    assert.match(auth_url, /^http:\/\/127\.0\.0\.1:[1-9]\d*\/v3$/)
    assert.match(secret, /^[\w-]{86}$/)
    assert.deepEqual(clouds, {
      ci: {
        auth_type: 'v3applicationcredential',
        auth: {
          auth_url,
          application_credential_id: id,
          application_credential_secret: secret,
        },
        region_name: 'RegionOne',
        identity_api_version: 3,
      },
    })
    assert.match(stderr, /shown only now/)
    assert.equal(JSON.stringify(await list()).includes(secret), false)
    const listed = await images(stdout, 'ci')
    assert.equal(listed.code, 0, listed.stderr)
    assert.ok(JSON.parse(listed.stdout).length > 0)
    const deleted = await ok('delete', 'ci')
    assert.match(deleted.stdout, /^ID +NAME +USER +PROJECT +ROLES +EXPIRES\n\w+ +ci +demo +demo /)
    assert.deepEqual(await list(), [])
    const refused = await images(stdout, 'ci')
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /refused to sign in .*401/)
  })

  it('signs in by name too', async () => {
    const made = JSON.parse((await ok('create', 'named', '--user', 'demo', '--json')).stdout)
    const auth = {
      auth_url: made.authUrl,
      application_credential_name: 'named',
      application_credential_secret: made.secret,
      username: 'demo',
      user_domain_name: 'Default',
    }
    const cloud = { auth_type: 'v3applicationcredential', auth }
    const listed = await images(JSON.stringify({ clouds: { named: cloud } }), 'named')
    assert.equal(listed.code, 0, listed.stderr)
    await ok('delete', made.credential.id)
  })

  it('says which part of a clouds.yaml is missing', async () => {
    for (const [auth, missing] of [
      [{ application_credential_secret: 's' }, 'application_credential_id'],
      [{ application_credential_secret: 's', application_credential_name: 'n' }, 'username'],
      [{ application_credential_id: 'i' }, 'application_credential_secret'],
    ] as const) {
      const given = {
        auth_type: 'v3applicationcredential',
        auth: { auth_url: 'http://x', ...auth },
      }
      const { code, stderr } = await images(JSON.stringify({ clouds: { part: given } }), 'part')
      assert.equal(code, 1)
      assert.match(stderr, new RegExp(`cloud "part": ${missing} is missing`))
    }
  })

  it('gives it what the flags say, and the address that clients are told', async () => {
    const flags = ['--project', 'demo', '--role', 'reader', '--expires-at', '2099-12-31T23:59:59Z']
    const more = ['--description', 'nightly', '--unrestricted', '--user', 'demo']
    const config = join(dir, 'public.yaml')
    writeFileSync(config, 'identity:\n  publicUrl: https://id.example/identity\n')
    const { stdout } = await ok('create', 'tight', ...flags, ...more, '--config', config)
    assert.equal(parse(stdout).clouds.tight.auth.auth_url, 'https://id.example/identity/v3')
    const [{ id: _, user: _user, project: _project, ...tight }] = await list('--user', 'demo')
    assert.deepEqual(tight, {
      name: 'tight',
      description: 'nightly',
      roles: ['reader'],
      isUnrestricted: true,
      expiresAtMs: Date.parse('2099-12-31T23:59:59Z'),
    })
    assert.match((await ok('list')).stdout, /reader +2099-12-31T23:59:59Z$/m)
    await ok('create', 'brief', '--user', 'demo', '--expires-in-days', '1')
    const [brief] = await list()
    const leftMs = brief.expiresAtMs - Date.now()
    assert.ok(leftMs > 23 * 3_600_000 && leftMs <= 24 * 3_600_000)
    await ok('delete', 'tight')
    await ok('delete', 'brief')
  })

  it('says what was wrong, and what was meant', async () => {
    await ok('create', 'ci', '--user', 'demo')
    await ok('create', 'ci', '--user', 'admin')
    const of = (user: string) => ['--user', user]
    assert.match(await failure('create', 'x', ...of('deom')), /did you mean "demo"\?/)
    assert.match(await failure('create', 'ci', ...of('demo')), /"demo" has .* "ci" already/)
    assert.match(
      await failure('create', 'x', ...of('demo'), '--role', 'admin'),
      /"demo" is not admin on project "demo"; the roles there are member, reader/,
    )
    assert.match(await failure('create', 'x', ...of('demo'), '--role', 'raeder'), /mean "reader"/)
    assert.match(
      await failure('create', 'x', ...of('demo'), '--project', 'admin'),
      /"demo" has no role on project "admin"/,
    )
    assert.match(await failure('create', ' ', ...of('demo')), /must not be empty/)
    assert.match(await failure('delete', 'ci'), /Several users .* "ci": name one with --user/)
    assert.match(await failure('delete', 'cx'), /There is no credential "cx"/)
    assert.match(await failure('list', ...of('nobody')), /There is no user "nobody"/)
    await ok('delete', 'ci', ...of('admin'))
    await ok('delete', 'ci')
  })

  it('makes none for a user who is disabled or has no project', async () => {
    const add = ['user', 'add', 'bob', '--generate-password', '--data', data]
    assert.equal((await run(add)).code, 0)
    assert.match(await failure('create', 'x', '--user', 'bob'), /has no default project/)
    await run(['user', 'set', 'bob', '--disable', '--data', data])
    assert.match(await failure('create', 'x', '--user', 'bob'), /User "bob" is disabled/)
  })
})
