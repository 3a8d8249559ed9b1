import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { Database } from '../../src/database/database.ts'
import { Administration } from '../../src/identity/local/administration.ts'
import { bootstrap, type FirstAccounts } from '../../src/identity/local/bootstrap.ts'
import { pointCloudsYaml, writeCloudsYaml } from '../../src/identity/local/clouds-yaml.ts'
import { LocalIdentity } from '../../src/identity/local/local-identity.ts'
import { byPassword, temporaryFolder } from './fixtures.ts'

const AUTH_URL = 'http://127.0.0.1:5000/v3'

const ACCOUNT = { userId: 'u', projectId: 'p', password: 's: #"\'ecret' }
const ACCOUNTS: FirstAccounts = {
  admin: { ...ACCOUNT, userName: 'admin', projectName: 'admin' },
  demo: { ...ACCOUNT, userName: 'demo', projectName: 'demo' },
}

test('the first start makes two users with passwords of their own, the second none', async (t) => {
  using database = new Database(join(temporaryFolder(t), 'a.db'))
  const kept: FirstAccounts[] = []
  const first = await bootstrap(database, { keep: (accounts) => kept.push(accounts) })
  assert.ok(first !== undefined)
  assert.deepEqual(kept, [first])
  assert.match(first.demo.password, /^[\w-]{24}$/)
  assert.notEqual(first.demo.password, first.admin.password)
  const identity = new LocalIdentity(database)
  const { description } = await identity.signIn(byPassword('admin', first.admin.password))
  assert.equal(description.project?.id, first.admin.projectId)
  assert.equal(await bootstrap(database, { keep: () => assert.fail('kept twice') }), undefined)
})

test('passwords that cannot be kept are not in use: the next start begins anew', async (t) => {
  using database = new Database(join(temporaryFolder(t), 'a.db'))
  const keep = () => {
    throw new Error('disk full')
  }
  await assert.rejects(bootstrap(database, { keep }), /disk full/)
  assert.deepEqual(new Administration(database).listUsers(), [])
  assert.ok(await bootstrap(database, { keep: () => undefined }))
})

test('two first starts at once make one set of users', async (t) => {
  const file = join(temporaryFolder(t), 'a.db')
  using one = new Database(file)
  using two = new Database(file)
  let kept = 0
  const keep = () => {
    kept += 1
  }
  const both = await Promise.all([bootstrap(one, { keep }), bootstrap(two, { keep })])
  assert.equal(kept, 1)
  assert.equal(both.filter((accounts) => accounts !== undefined).length, 1)
  assert.equal(new Administration(one).listUsers().length, 2)
})

test('a given password is for both users, and must be one', async (t) => {
  using database = new Database(join(temporaryFolder(t), 'a.db'))
  const keep = () => undefined
  await assert.rejects(bootstrap(database, { password: '', keep }), { code: 'invalid' })
  const first = await bootstrap(database, { password: 'given', keep })
  assert.deepEqual([first?.admin.password, first?.demo.password], ['given', 'given'])
})

test('a project that was added before the first start is taken as it is', async (t) => {
  using database = new Database(join(temporaryFolder(t), 'a.db'))
  const project = await new Administration(database).addProject({ name: 'demo' })
  const first = await bootstrap(database, { keep: () => undefined })
  assert.equal(first?.demo.projectId, project.id)
})

test('clouds.yaml is for its owner alone and says all that a client needs', (t) => {
  const folder = temporaryFolder(t)
  const file = writeCloudsYaml(folder, ACCOUNTS, AUTH_URL)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(folder), ['clouds.yaml'])
  const { clouds } = parse(readFileSync(file, 'utf8'))
  assert.deepEqual(Object.keys(clouds), ['afterimage', 'afterimage-admin'])
  assert.deepEqual(clouds['afterimage'], {
    auth: {
      auth_url: AUTH_URL,
      username: 'demo',
      password: ACCOUNT.password,
      project_name: 'demo',
      user_domain_name: 'Default',
      project_domain_name: 'Default',
    },
    region_name: 'RegionOne',
    identity_api_version: 3,
  })
})

test('another port moves the addresses and keeps what the user wrote', (t) => {
  const folder = temporaryFolder(t)
  const file = writeCloudsYaml(folder, ACCOUNTS, AUTH_URL)
  const edited = readFileSync(file, 'utf8')
    .replace('region_name: RegionOne', 'region_name: Elsewhere # mine')
    .concat('  other:\n    auth: { auth_url: https://example.com }\n')
  writeFileSync(file, edited)
  chmodSync(file, 0o640)
  assert.equal(pointCloudsYaml(folder, 'http://127.0.0.1:5001/v3'), file)
  assert.equal(readFileSync(file, 'utf8'), edited.replaceAll(':5000', ':5001'))
  assert.equal(statSync(file).mode & 0o777, 0o640)
  const { ino } = statSync(file)
  pointCloudsYaml(folder, 'http://127.0.0.1:5001/v3')
  assert.equal(statSync(file).ino, ino, 'written although nothing changed')
})

test('entries that the user removed are not made again, nor is the file', (t) => {
  const folder = temporaryFolder(t)
  assert.equal(pointCloudsYaml(folder, AUTH_URL), undefined)
  assert.deepEqual(readdirSync(folder), [])
  const file = join(folder, 'clouds.yaml')
  writeFileSync(file, 'clouds:\n  mine: {}\n')
  pointCloudsYaml(folder, AUTH_URL)
  assert.equal(readFileSync(file, 'utf8'), 'clouds:\n  mine: {}\n')
  writeCloudsYaml(folder, ACCOUNTS, AUTH_URL)
  const { clouds } = parse(readFileSync(file, 'utf8'))
  assert.deepEqual(Object.keys(clouds), ['mine', 'afterimage', 'afterimage-admin'])
})

test('a clouds.yaml that cannot be read is refused by name and left as it is', (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'clouds.yaml')
  for (const text of ['clouds: [\n', '- a\n', 'clouds: text\n', 'other: {}\n']) {
    writeFileSync(file, text)
    const refused = { name: 'CloudsYamlRefused', message: /clouds\.yaml/ }
    assert.throws(() => pointCloudsYaml(folder, AUTH_URL), refused)
    assert.throws(() => writeCloudsYaml(folder, ACCOUNTS, AUTH_URL), refused)
    assert.equal(readFileSync(file, 'utf8'), text)
  }
})
