import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Machine, noMachine, type Outcome } from '../packaging/machine.ts'
import { type Block, readBlocks } from './page.ts'

/**
 * docs/production.md, command by command, on a machine that is thrown away: this one's Debian with a layer in memory
 * over it, without Node and npm once the release is made (packages: systemd, iproute2).
 *
 * From "Start" on systemd runs there (package: systemd-container). Where it cannot be booted, `systemctl` and
 * `journalctl` are the stand-ins beside this file, which start what the units say: as its user, on its file system,
 * under its filters. They neither restart a service nor run a timer, and the tests of that are skipped.
 */

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url))
const NOT_COPIED = new Set(['node_modules', 'dist', '.git', 'afterimage-data'])
const CHECKOUT_THERE = '/srv/checkout'
/** Keeps variables and the working folder from one block to the next, as a person's shell does. */
const STATE = '/srv/shell-state'
const NEXT_VERSION = '0.2.0'
const NODES = ['usr/local/bin/node', 'usr/bin/node', 'usr/bin/npm', 'usr/bin/npx', 'usr/bin/nodejs']

const LOG = 'journalctl --unit afterimage.service --output cat'
const PID = 'systemctl show --property=MainPID --value afterimage.service'
const READY =
  'curl -fsS --retry 30 --retry-delay 1 --retry-connrefused http://127.0.0.1:8774/readiness'
/** An image is made, its data sent, read back and compared; then it is deleted. */
const ROUND_TRIP = `
  token="X-Auth-Token: $(afterimage token --data /var/lib/afterimage)" images=http://127.0.0.1:9292/v2/images
  head -c 3000000 /dev/urandom > /srv/image-data
  id=$(curl -fsS -H "$token" --json '{"disk_format":"raw","container_format":"bare"}' $images | grep -oP '"id":"\\K[^"]+')
  curl -fsS -H "$token" -H 'Content-Type: application/octet-stream' -T /srv/image-data $images/$id/file
  curl -fsS -H "$token" $images/$id/file | cmp - /srv/image-data
  curl -fsS -H "$token" -X DELETE $images/$id`

const blocks = readBlocks()

describe('docs/production.md', { skip: noMachine }, () => {
  let machine: Machine
  /** Why systemd itself does not run there. */
  let trouble: string | undefined
  const outcomes = new Map<Block, Outcome>()

  before(() => {
    machine = new Machine()
    cpSync(CHECKOUT, join(machine.root, CHECKOUT_THERE), {
      recursive: true,
      filter: (path) => !NOT_COPIED.has(basename(path)),
    })
    writeFileSync(join(machine.root, STATE), `cd ${CHECKOUT_THERE}\n`)
  })

  after(async () => {
    await shell('systemctl stop afterimage.service prometheus.service')
    await machine[Symbol.asyncDispose]()
  })

  async function shell(commands: string, isOnline = false): Promise<Outcome> {
    const kept = `{ declare -p | grep -E '^declare -- [A-Z]+=' | grep -v BASH; printf 'cd %q\\n' "$PWD"; } > ${STATE}`
    const script = `set -euo pipefail\n. ${STATE}\n${commands}\n${kept}\n`
    return await machine.run(['bash', '-c', script], {
      isOffline: !isOnline,
      environment: { DEBIAN_FRONTEND: 'noninteractive' },
    })
  }

  async function output(commands: string): Promise<string> {
    const { code, output } = await shell(commands)
    assert.equal(code, 0, output)
    return output
  }

  /** What must be so on the machine before a heading of the page. */
  const PREPARED: Readonly<Record<string, () => Promise<void>>> = {
    Install: async () => {
      for (const node of NODES) rmSync(join(machine.root, node), { force: true })
      assert.notEqual((await machine.run(['sh', '-c', 'command -v node npm'])).code, 0)
    },
    Start: async () => {
      // What other suites have installed here does not run there.
      await output('rm -rf /etc/systemd/system/*.wants')
      trouble = await machine.boot()
      if (trouble === undefined) return
      process.stderr.write(`${trouble}\na stand-in takes the place of systemd\n`)
      for (const name of ['systemctl', 'journalctl']) {
        const file = join(machine.root, 'usr/local/sbin', name)
        cpSync(fileURLToPath(new URL(name, import.meta.url)), file)
      }
    },
    Upgrade: () => releaseOf(NEXT_VERSION),
  }

  /** An archive of a next version: this one, under another name. */
  async function releaseOf(version: string): Promise<void> {
    await output(`cp -a /opt/afterimage/$VERSION /srv/${version}`)
    const manifest = join(machine.root, 'srv', version, 'node_modules/afterimage/package.json')
    const text = readFileSync(manifest, 'utf8').replace(
      /"version": ".*?"/,
      `"version": "${version}"`,
    )
    writeFileSync(manifest, text)
    await output(`tar -C /srv -czf /srv/afterimage-${version}.tar.gz ${version}`)
  }

  const outputsOf = (heading: string) =>
    [...outcomes].filter(([block]) => block.heading === heading).map(([, { output }]) => output)

  /** What must be so after the commands below a heading. */
  const CHECKED: Readonly<
    Record<string, Readonly<Record<string, (t: TestContext) => Promise<void>>>>
  > = {
    Start: {
      'the service has no rights, and its filter of system calls is in force': async () => {
        const status = await output(`cat /proc/$(${PID})/status`)
        assert.match(status, /^Uid:\s+[1-9]\d*\s/m)
        assert.match(status, /^CapEff:\s+0+$/m)
        assert.match(status, /^NoNewPrivs:\s+1$/m)
        assert.match(status, /^Seccomp:\s+2$/m)
      },
      'where the service runs, even root writes to its data folder alone': async () => {
        const within = `nsenter -m -r -t $(${PID})`
        const touch = (path: string) => shell(`${within} touch ${path}`)
        for (const path of ['/etc/x', '/opt/afterimage/x', '/var/lib/x', '/usr/x']) {
          assert.match((await touch(path)).output, /Read-only file system/)
        }
        assert.equal((await touch('/var/lib/afterimage/x')).code, 0)
        await output('rm /var/lib/afterimage/x')
      },
      'only the service reads its data and its configuration': async () => {
        const modes = await output(
          "stat -c '%a %U' /var/lib/afterimage /var/lib/afterimage/clouds.yaml /etc/afterimage/afterimage.yaml",
        )
        assert.equal(modes, '700 afterimage\n600 afterimage\n640 root\n')
      },
      'systemd hears from it that it is ready, and it goes on when it is told to reload':
        async () => {
          assert.doesNotMatch(outputsOf('Start')[0] ?? '', /has not said READY=1/)
          const before = await output(PID)
          await output('systemctl reload afterimage.service')
          await output(
            `until ${LOG} | grep reload; do sleep 0.1; done; systemctl is-active afterimage.service`,
          )
          assert.equal(await output(PID), before)
        },
      'systemd starts it again when it is killed': async (t) => {
        if (trouble !== undefined) return t.skip(trouble)
        const before = await output(PID)
        await output(`kill -KILL $(${PID})`)
        await output(
          `until [ "$(${PID})" != 0 ] && [ "$(${PID})" != ${before.trim()} ]; do sleep 0.1; done; ${READY}`,
        )
      },
      'systemd hears, again and again, that it lives': async (t) => {
        if (trouble !== undefined) return t.skip(trouble)
        const heard =
          'systemctl show --property=WatchdogTimestampMonotonic --value afterimage.service'
        await output(`first=$(${heard}); until [ "$(${heard})" != "$first" ]; do sleep 0.5; done`)
      },
      'what its filter leaves is enough to take and give image data': async () => {
        await output(ROUND_TRIP)
      },
      'and it is enough for several workers': async () => {
        const edit = (expression: string) =>
          output(`sed -i '${expression}' /etc/afterimage/afterimage.yaml
            systemctl restart afterimage.service
            ${READY}`)
        await edit('1i workers: 2')
        await output(ROUND_TRIP)
        await edit('/^workers:/d')
      },
      'it prints its log, and its images': async () => {
        await output(`until ${LOG} | grep '"msg":"started"'; do sleep 0.1; done`)
        const listed = outputsOf('Start').at(-2) ?? ''
        assert.equal(listed.split('\n').filter((line) => / ACTIVE /.test(line)).length > 5, true)
      },
    },
    Watch: {
      'Prometheus finds the server up': async () => {
        assert.match(outputsOf('Watch').at(-1) ?? '', /"value":\[[\d.]+,"1"\]/)
      },
      'Prometheus knows the alerts': async () => {
        const rules = await output('curl -fsS http://127.0.0.1:9090/api/v1/rules')
        assert.match(rules, /AfterimageDown/)
      },
    },
    'Back up': {
      'there is one backup, whole and private': async () => {
        const listed = await output('ls /var/backups/afterimage')
        assert.match(listed, /^\d{4}-\d{2}-\d{2}T\d{6}\n$/)
        assert.equal(await output('stat -c %a /var/backups/afterimage/*'), '700\n')
      },
    },
    Restore: {
      'the images are there again, and the folder that was there is kept': async () => {
        const listed = await output('afterimage images --data /var/lib/afterimage')
        assert.equal(listed, outputsOf('Start').at(-2)?.slice(-listed.length))
        await output('ls -d /var/lib/afterimage.before-*')
      },
    },
    Upgrade: {
      'the new version runs': async () => {
        assert.ok(outputsOf('Upgrade').at(-1)?.endsWith(`OK${NEXT_VERSION}\n`))
        await runsFrom(NEXT_VERSION)
      },
    },
    'Roll back': {
      'the old version runs': async () => {
        const version = (await output('echo "$OLD"')).trim()
        assert.ok(outputsOf('Roll back')[0]?.endsWith(`OK${version}\n`))
        await runsFrom(version)
      },
    },
  }

  async function runsFrom(version: string): Promise<void> {
    const program = await output(`readlink /proc/$(${PID})/exe`)
    assert.ok(program.includes(`/opt/afterimage/${version}/`), program)
  }

  for (const heading of new Set(blocks.map((block) => block.heading))) {
    describe(heading, () => {
      before(() => PREPARED[heading]?.())
      for (const block of blocks.filter((candidate) => candidate.heading === heading)) {
        const [first = ''] = block.commands.split('\n')
        it(`${first} ...`, async () => {
          const outcome = await shell(block.commands, block.isOnline)
          assert.equal(outcome.code, 0, outcome.output)
          outcomes.set(block, outcome)
        })
      }
      for (const [name, check] of Object.entries(CHECKED[heading] ?? {})) it(name, check)
    })
  }
})
