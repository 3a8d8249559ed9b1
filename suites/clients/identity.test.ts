import assert from 'node:assert/strict'
import { it } from 'node:test'
import { installDebian } from './install.ts'
import { runClient } from './run-client.ts'
import { startAfterimage } from './start-afterimage.ts'

/** Debian's own Python, whatever other comes first on the PATH. */
const PYTHON = '/usr/bin/python3'

it('python-openstackclient over the Identity API', async (t) => {
  t.diagnostic(`tested: ${await installDebian(['python3-openstackclient', 'python3'])}`)
  await using afterimage = await startAfterimage()
  const command = [PYTHON, 'identity/with-openstackclient.py'] as const
  const reported = await runClient(command, afterimage, {
    OS_CLIENT_CONFIG_FILE: afterimage.cloudsYaml,
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
