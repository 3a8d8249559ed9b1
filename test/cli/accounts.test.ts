import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Database } from '../../src/database/database.ts'
import { bootstrap } from '../../src/identity/local/bootstrap.ts'
import { DATABASE_FILE } from '../../src/server/serve.ts'
import { runCommand } from './harness.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-accounts-'))
after(() => rmSync(dir, { recursive: true, force: true }))

before(async () => {
  using database = new Database(join(dir, DATABASE_FILE))
  await bootstrap(database, { keep: () => undefined })
})

async function ok(args: readonly string[], stdin?: string) {
  const given = stdin === undefined ? {} : { stdin }
  const { code, stdout, stderr } = await runCommand([...args, '--data', dir], {
    cwd: dir,
    ...given,
  })
  assert.equal(code, 0, stderr)
  return { stdout, stderr }
}

async function failure(args: readonly string[], data = dir) {
  const { code, stdout, stderr } = await runCommand([...args, '--data', data], { cwd: dir })
  assert.equal(code, 1)
  assert.equal(stdout, '')
  assert.match(stderr, /^afterimage: [^\n]+\n$/)
  return stderr
}

async function list(what: 'project' | 'user') {
  return JSON.parse((await ok([what, 'list', '--json'])).stdout)
}

describe('project', () => {
  it('lists, adds with an id of its own, changes and removes', async () => {
    assert.match((await ok(['project', 'list'])).stdout, /^ID +NAME +ENABLED +DESCRIPTION\n/)
    const id = 'd9ebe43510414ef590a4aa158605329e'
    await ok(['project', 'add', 'web', '--id', id, '--description', 'the web team'])
    assert.deepEqual(
      (await list('project')).map(({ name }: { name: string }) => name),
      ['admin', 'demo', 'web'],
    )
    await ok(['project', 'set', 'web', '--name', 'site', '--disable'])
    const [changed] = (await list('project')).filter((p: { id: string }) => p.id === id)
    assert.deepEqual(changed, { id, name: 'site', description: 'the web team', enabled: false })
    await ok(['project', 'remove', id])
    assert.equal((await list('project')).length, 2)
  })

  it('says what was wrong, and what was meant', async () => {
    assert.match(await failure(['project', 'add', 'demo']), /project named "demo" already/)
    assert.match(await failure(['project', 'remove', 'deom']), /did you mean "demo"\?/)
  })

  it('does not make a catalogue where there is none', async () => {
    const stderr = await failure(['project', 'list'], join(dir, 'elsewhere'))
    assert.match(stderr, /there is no catalogue in .*elsewhere: give --data DIR/)
  })
})

describe('user', () => {
  it('adds one with a made-up password, which is shown once', async () => {
    const { stdout } = await ok(['user', 'add', 'ann', '--project', 'demo', '--generate-password'])
    assert.match(stdout, /^password \(shown only now\): [\w-]{24}$/m)
    assert.doesNotMatch(JSON.stringify(await list('user')), /password/i)
  })

  it('adds one with a password from the standard input, which is not shown', async () => {
    const { stdout, stderr } = await ok(['user', 'add', 'bob', '--password-stdin'], 'open sesame\n')
    assert.doesNotMatch(stdout + stderr, /sesame/)
  })

  it('gives and takes roles, and shows them', async () => {
    const granted = await ok(['user', 'grant', 'ann', 'reader', '--project', 'admin'])
    assert.match(granted.stdout, /ann +yes +reader on admin, member on demo/)
    const revoked = await ok(['user', 'revoke', 'ann', 'member', '--project', 'demo'])
    assert.match(revoked.stdout, /ann +yes +reader on admin$/m)
    assert.match(
      await failure(['user', 'grant', 'ann', 'king', '--project', 'demo']),
      /admin.*member.*reader/,
    )
  })

  it('changes and removes', async () => {
    await ok(['user', 'set', 'bob', '--name', 'rob', '--disable', '--default-project', 'demo'])
    const [rob] = (await list('user')).filter(({ name }: { name: string }) => name === 'rob')
    assert.equal(rob.enabled, false)
    const changed = await ok(['user', 'set', 'rob', '--generate-password', '--json'])
    assert.match(JSON.parse(changed.stdout).password, /^[\w-]{24}$/)
    assert.match(changed.stderr, /clouds\.yaml/)
    await ok(['user', 'remove', 'rob'])
    assert.match(await failure(['user', 'remove', 'rob']), /no user "rob"/)
  })

  it('keeps the last administrator', async () => {
    assert.match(await failure(['user', 'remove', 'admin']), /no enabled user who is admin/)
  })

  it('makes the first accounts on an empty folder, as serve does, in whatever order', async () => {
    for (const steps of [
      [['user', 'add', 'ann', '--generate-password']],
      [
        ['import', 'none.json'],
        ['project', 'add', 'web'],
        ['user', 'add', 'ann', '--project', 'web', '--generate-password'],
      ],
    ]) {
      const fresh = mkdtempSync(join(dir, 'fresh-'))
      writeFileSync(join(fresh, 'none.json'), '[]')
      const said: string[] = []
      for (const words of steps) {
        const step = words.map((word) => (word === 'none.json' ? join(fresh, word) : word))
        const data = join(fresh, 'data')
        const outcome = await runCommand([...step, '--data', data], { cwd: fresh })
        assert.equal(outcome.code, 0, outcome.stderr)
        said.push(outcome.stderr)
        if (step[0] !== 'user') continue
        assert.match(readFileSync(join(data, 'clouds.yaml'), 'utf8'), /afterimage-admin:/)
        const users = await runCommand(['user', 'list', '--json', '--data', data], { cwd: fresh })
        const names = (JSON.parse(users.stdout) as { name: string }[]).map(({ name }) => name)
        assert.deepEqual(names.sort(), ['admin', 'ann', 'demo'])
      }
      const made = said.filter((text) =>
        text.includes('made the projects and users admin and demo'),
      )
      assert.equal(made.length, 1)
    }
  })
})
