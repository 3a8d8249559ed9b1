import assert from 'node:assert/strict'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startFront } from '../openstack/start-front.ts'
import { ANY_PORTS, lineOf, runCommand } from './command.ts'
import { CANNOT_MOUNT, mountMemory } from './mounts.ts'

/** What commands print when a file system is full or read-only, or belongs to another user. */

const ROOMY_KIB = 20 * 1024
const NOBODY = 65_534
const SERVE = ['serve', '--compute-port', '0', ...ANY_PORTS]

const FULL = /: the disk is full; make room on it$/
const READ_ONLY = /: it is on a file system that is mounted read-only; mount it writable/
const FORBIDDEN = /: this user may not open it; give the user the rights/
const TOO_MANY = /: this process has as many files open as it may; raise its limit/

async function makeCatalogue(data: string): Promise<void> {
  await using _ = await startFront([...ANY_PORTS, '--data', data, '--example'])
}

describe('a full disk', { skip: CANNOT_MOUNT }, () => {
  it('refuses a first start and a first import, which leave no folder behind', async () => {
    using mount = mountMemory(64)
    const data = join(mount.path, 'outer', 'data')
    const images = join(mount.path, 'images.json')
    writeFileSync(images, '[]')
    for (const args of [SERVE, ['import', images]]) {
      const line = await lineOf([...args, '--data', data])
      assert.match(line, FULL)
      assert.ok(line.startsWith(join(data, 'afterimage.db')), line)
      assert.deepEqual(readdirSync(mount.path), ['images.json'])
    }
  })

  it('refuses a first start into an empty folder, which stays, and empty', async () => {
    using mount = mountMemory(64)
    assert.match(await lineOf([...SERVE, '--data', mount.path]), FULL)
    assert.deepEqual(readdirSync(mount.path), [])
  })

  it('refuses an output that it cannot hold, which is not left in part', async () => {
    using roomy = mountMemory(ROOMY_KIB)
    using mount = mountMemory(4)
    const data = join(roomy.path, 'data')
    await makeCatalogue(data)
    const output = join(mount.path, 'out.json')
    const line = await lineOf(['export', '--data', data, '--output', output])
    assert.match(line, FULL)
    assert.ok(line.startsWith(`${output}:`), line)
    assert.deepEqual(readdirSync(mount.path), [])
  })
})

describe('a read-only file system', { skip: CANNOT_MOUNT }, () => {
  it('is named by what has to write, and read as it is by what does not', async () => {
    using mount = mountMemory(ROOMY_KIB)
    const data = join(mount.path, 'data')
    await makeCatalogue(data)
    const before = await runCommand(['export', '--data', data])
    assert.ok(before.stdout.includes('"id"'), before.stderr)
    const images = join(mount.path, 'images.json')
    writeFileSync(images, before.stdout)
    mount.freeze()
    for (const args of [SERVE, ['import', images]]) {
      const line = await lineOf([...args, '--data', data])
      assert.match(line, READ_ONLY)
      assert.ok(line.startsWith(data), line)
    }
    assert.match(await lineOf(['project', 'add', 'new', '--data', data]), READ_ONLY)
    assert.match(await lineOf([...SERVE, '--data', join(mount.path, 'other')]), READ_ONLY)
    assert.match(
      await lineOf(['export', '--data', data, '--output', join(mount.path, 'x')]),
      READ_ONLY,
    )
    assert.deepEqual(await runCommand(['export', '--data', data]), before)
    const projects = await runCommand(['project', 'list', '--data', data])
    assert.match(projects.stdout, /demo/)
    const listed = await lineOf(['images', '--data', data])
    assert.match(listed, /connection refused; is it running\?$/)
  })
})

describe('files of another user', { skip: CANNOT_MOUNT }, () => {
  it('are named, and none is made', async (t) => {
    const probe = await runCommand(['--version'], { id: NOBODY })
    if (probe.code !== 0) return t.skip('another user cannot run the product from this folder')
    using mount = mountMemory(ROOMY_KIB)
    const data = join(mount.path, 'data')
    await makeCatalogue(data)
    const config = join(mount.path, 'afterimage.yaml')
    writeFileSync(config, 'log: {level: warn}\n')
    chmodSync(config, 0o600)
    for (const args of [SERVE, ['export'], ['images'], ['user', 'list']]) {
      const line = await lineOf([...args, '--data', data], { id: NOBODY })
      assert.match(line, FORBIDDEN)
      assert.ok(line.startsWith(data), line)
    }
    const missing = join(mount.path, 'new')
    assert.match(await lineOf([...SERVE, '--data', missing], { id: NOBODY }), FORBIDDEN)
    assert.equal(existsSync(missing), false)
    const read = await runCommand([...SERVE, '--config', config], { id: NOBODY })
    assert.match(read.stderr, FORBIDDEN)
  })

  it('are named where the folder is readable and its database is not', async () => {
    using mount = mountMemory(ROOMY_KIB)
    const data = join(mount.path, 'data')
    mkdirSync(data)
    closeSync(openSync(join(data, 'afterimage.db'), 'w', 0o600))
    const line = await lineOf(['export', '--data', data], { id: NOBODY })
    assert.match(line, FORBIDDEN)
  })
})

describe('too few files', { skip: CANNOT_MOUNT }, () => {
  it('are named by a start, whichever file is the one too many', async (t) => {
    using mount = mountMemory(ROOMY_KIB)
    let refused = 0
    for (let filesMax = 22; filesMax < 40; filesMax += 2) {
      const data = join(mount.path, `data-${filesMax}`)
      const outcome = await runCommand([...SERVE, '--data', data, '--host', 'localhost.invalid'], {
        filesMax,
      })
      const { stderr } = outcome
      if (!stderr.includes('as many files open')) continue
      refused += 1
      assert.match(stderr, /^afterimage: [^\n]+\n$/)
      assert.match(stderr.trimEnd(), TOO_MANY)
      const left = existsSync(data) ? readdirSync(data) : undefined
      // Once the accounts are committed the folder is a whole one, and the next start goes on from
      // it.
      if (left !== undefined) assert.ok(left.includes('clouds.yaml'), `${filesMax}: ${left}`)
    }
    t.diagnostic(`${refused} starts found too few files`)
    assert.ok(refused > 0)
  })
})
