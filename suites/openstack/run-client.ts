import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { installDebian } from '../clients/install.ts'
import { ownEnvironment } from '../own-environment.ts'
import type { Cloud } from './cloud.ts'

const run = promisify(execFile)
const HERE = fileURLToPath(new URL('clients/', import.meta.url))
const CLIENT_TIMEOUT_MS = 120_000

/** Debian's own interpreters, whatever others come first on the PATH. */
const CLIENTS = {
  openstacksdk: {
    packages: ['python3-openstacksdk', 'python3'],
    command: ['/usr/bin/python3', 'openstacksdk.py'],
  },
  'fog-openstack': {
    packages: ['ruby-fog-openstack', 'ruby'],
    command: ['/usr/bin/ruby', '-EUTF-8:UTF-8', 'fog.rb'],
  },
} as const

export type ClientName = keyof typeof CLIENTS

/** Runs a client's script as the user demo. @returns the result of each step */
export async function runClient(
  name: ClientName,
  cloud: Cloud,
): Promise<Readonly<Record<string, unknown>>> {
  const { packages, command } = CLIENTS[name]
  await installDebian(packages)
  const [program, ...args] = command
  const { stdout } = await run(program, args, {
    cwd: HERE,
    env: {
      ...ownEnvironment(),
      OS_AUTH_URL: `${cloud.keystoneUrl}/v3`,
      OS_USERNAME: 'demo',
      OS_PASSWORD: cloud.password,
      OS_PROJECT_NAME: 'demo',
      OS_USER_DOMAIN_ID: 'default',
      OS_PROJECT_DOMAIN_ID: 'default',
      OS_REGION_NAME: 'RegionOne',
    },
    timeout: CLIENT_TIMEOUT_MS,
  })
  const steps = stdout.split('\n').filter((line) => line !== '')
  return Object.fromEntries(
    steps.map((line) => {
      const { step, result } = JSON.parse(line) as { step: string; result: unknown }
      return [step, result]
    }),
  )
}
