import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { it } from 'node:test'
import { installDebian } from './install.ts'
import { runClient } from './run-client.ts'
import { startAfterimage } from './start-afterimage.ts'

/** Debian's own Python, whatever other comes first on the PATH. */
const PYTHON = '/usr/bin/python3'

const PACKAGES = ['python3-openstackclient', 'python3-yaml', 'python3'] as const

it('python-openstackclient reads the service catalogue and who has which role', async (t) => {
  t.diagnostic(`tested: ${await installDebian([...PACKAGES])}`)
  await using afterimage = await startAfterimage()
  const command = [PYTHON, 'identity/catalog-and-roles.py'] as const
  const reported = await runClient(command, afterimage, {
    OS_CLIENT_CONFIG_FILE: afterimage.cloudsYaml,
    PYTHONDONTWRITEBYTECODE: '1',
  })

  await t.test('reads services, endpoints and regions', () => {
    assert.deepEqual(reported.at('services'), [
      ['compute', 'nova'],
      ['compute_legacy', 'nova_legacy'],
      ['identity', 'keystone'],
      ['image', 'glance'],
    ])
    assert.deepEqual(reported.at('service'), ['image', true])
    const { image } = afterimage.urls
    assert.deepEqual(reported.at('endpoints'), [
      ['admin', 'internal', 'public'].map((name) => [name, 'RegionOne', 'image', image]),
    ])
    assert.equal(reported.at('all endpoints'), 12)
    assert.deepEqual(reported.at('endpoint'), ['image', true])
    assert.deepEqual(reported.at('regions'), [['RegionOne', null]])
    assert.equal(reported.at('region'), 'RegionOne')
    assert.deepEqual(reported.at('services for a member'), [1, true])
  })
  await t.test('reads roles and who has them', () => {
    assert.deepEqual(reported.at('roles'), ['admin', 'member', 'reader'])
    assert.equal(reported.at('role'), 'member')
    const demo = ['demo@Default', 'member', 'demo@Default']
    const admin = ['admin@Default', 'admin', 'admin@Default']
    assert.deepEqual(reported.at('assignments'), [admin, demo])
    const implied = ['demo@Default', 'reader', 'demo@Default']
    assert.deepEqual(reported.at('effective assignments'), [demo, implied])
    assert.deepEqual(reported.at('assignments of a role'), [admin])
    assert.deepEqual(reported.at('assignments on a project'), [demo])
  })
  reported.assertAllLookedAt()
})

it('python-openstackclient makes application credentials, and signs in with them', async (t) => {
  t.diagnostic(`tested: ${await installDebian([...PACKAGES])}`)
  await using afterimage = await startAfterimage()
  const machine = join(dirname(afterimage.cloudsYaml), 'machine.yaml')
  const create = ['credential', 'create', 'machine', '--user', 'demo', '--role', 'reader']
  await writeFile(machine, await afterimage.command(...create))
  const command = [PYTHON, 'identity/application-credentials.py'] as const
  const reported = await runClient(command, afterimage, {
    OS_CLIENT_CONFIG_FILE: afterimage.cloudsYaml,
    PYTHONDONTWRITEBYTECODE: '1',
    MACHINE_CLOUDS_YAML: machine,
  })

  await t.test('makes, lists and shows application credentials', () => {
    assert.deepEqual(reported.at('created'), ['ci', 'member', 'builds', false, null])
    const end = '2099-12-31T23:59:58.000000'
    const options = ['chosen', 'member reader', true, end]
    assert.deepEqual(reported.at('created with options'), options)
    assert.deepEqual(reported.at('listed'), [
      ['ci', 'builds', null],
      ['machine', null, null],
      ['short', null, end],
    ])
    assert.equal(reported.at('listed by the administrator'), 3)
    assert.deepEqual(reported.at('shown'), [true, 'ci', 'member', false])
  })
  await t.test('signs in with them, by id and by name', () => {
    assert.equal(reported.at('images'), 1)
    assert.equal(reported.at('images by name'), 1)
    assert.equal(reported.at('images of a machine'), 1, 'the one that ci made')
    assert.equal(reported.at('image made'), 0)
  })
  await t.test('makes none with a restricted one, and deletes them', () => {
    assert.deepEqual(reported.at('restricted'), [1, true])
    assert.equal(reported.at('deleted'), 0)
    assert.deepEqual(reported.at('signs in no more'), [1, true])
    assert.equal(reported.at('deleted too'), 0)
    assert.deepEqual(reported.at('listed after'), ['machine'])
  })
  reported.assertAllLookedAt()
})
