import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLIENT_FAMILIES, clientProgramOf } from '../../src/callers/client-family.ts'

/** Headers as the programs send them. */
const HEADERS: Readonly<Record<string, readonly [family: string, version: string]>> = {
  'openstacksdk/0.101.0 keystoneauth1/5.0.0 python-requests/2.28.1 CPython/3.11.2': [
    'openstacksdk',
    '0.101.0',
  ],
  'python-openstackclient/6.0.0 keystoneauth1/5.0.0 python-requests/2.28.1': [
    'openstackclient',
    '6.0.0',
  ],
  'gophercloud/v1.14.1': ['gophercloud', '1.14.1'],
  'gophercloud/2.0.0': ['gophercloud', '2.0.0'],
  'HashiCorp Terraform/1.5.7 (+https://www.terraform.io) Terraform Plugin SDK/2.26.1 gophercloud/v1.3.0':
    ['terraform', '1.5.7'],
  'fog-core/2.3.0': ['fog', '2.3.0'],
  'nodejs-pkgcloud/2.2.0': ['pkgcloud', '2.2.0'],
  'libcloud/3.4.1 (OpenStack)': ['libcloud', '3.4.1'],
  'jclouds/2.7.0 java/17.0.1': ['jclouds', '2.7.0'],
  'OpenStack4j / OpenStack Client': ['openstack4j', ''],
  'python-novaclient': ['novaclient', ''],
  'curl/7.88.1': ['curl', '7.88.1'],
  'Go-http-client/1.1': ['go', '1.1'],
  'python-requests/2.28.1': ['python', '2.28.1'],
  node: ['node', ''],
  'Mozilla/5.0 (X11; Linux x86_64)': ['browser', '5.0'],
  '': ['none', ''],
  'something new/1': ['other', ''],
}

for (const [header, [family, version]] of Object.entries(HEADERS)) {
  test(`"${header}" is ${family} ${version}`, () => {
    assert.deepEqual(clientProgramOf(header), { family, version })
  })
}

test('no header at all is no program', () => {
  assert.deepEqual(clientProgramOf(undefined), { family: 'none', version: '' })
})

test('whatever is sent, the family is of the closed list and the version short', () => {
  for (const header of [
    `curl/${'9'.repeat(100)}`,
    `curl/1.${'a'.repeat(29)}`,
    'x'.repeat(100_000),
    'curl/1\u0000\u001b[31m',
    `${' '.repeat(600)}curl/1`,
  ]) {
    const { family, version } = clientProgramOf(header)
    assert.ok(CLIENT_FAMILIES.includes(family))
    assert.match(version, /^[\w.+-]{0,33}$/)
  }
})
