import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Place, Served } from '../../test/backup/stand.ts'
import { lineOf } from '../files/command.ts'
import { CANNOT_MOUNT, mountMemory } from '../files/mounts.ts'
import { done } from './command.ts'

/** Backups to and from other file systems: small, full, read-only. */

const MOUNT_KIB = 8 * 1024
const SMALL_KIB = 512
const NOBODY = 65_534
const IMAGE_BYTES = 1_000_000

let place: Place
let data = ''
before(async () => {
  place = new Place()
  data = place.at('data')
  await using served = await Served.open(data)
  await served.upload('x'.repeat(IMAGE_BYTES))
})
after(() => place[Symbol.dispose]())

describe('a backup on another file system', { skip: CANNOT_MOUNT }, () => {
  it('is a copy, and so is what is restored from it', async () => {
    using mount = mountMemory(MOUNT_KIB)
    const target = join(mount.path, 'backup')
    const backup = await done('backup', target, '--data', data)
    assert.equal(backup['sharesBytes'], false)
    await done('check', '--data', target, '--data-hashes')
    const restored = await done('restore', target, '--data', place.at('restored'))
    assert.equal(restored['sharesBytes'], false)
    await done('check', '--data', place.at('restored'), '--data-hashes')
  })

  it('that has no room for it is not begun in vain, and is named', async () => {
    using mount = mountMemory(SMALL_KIB)
    const line = await lineOf(['backup', join(mount.path, 'backup'), '--data', data])
    assert.match(line, /\.part\/.*: the disk is full; make room on it$/)
    assert.deepEqual(readdirSync(mount.path), [])
  })

  it('that is mounted read-only is named', async () => {
    using mount = mountMemory(SMALL_KIB)
    mount.freeze()
    const line = await lineOf(['backup', join(mount.path, 'backup'), '--data', data])
    assert.match(line, /: it is on a file system that is mounted read-only; mount it writable/)
  })
})

describe('a data folder on a file system that is mounted read-only', { skip: CANNOT_MOUNT }, () => {
  it('is backed up and checked as any other, and nothing is made in it', async () => {
    using mount = mountMemory(MOUNT_KIB)
    const frozen = join(mount.path, 'data')
    await done('backup', place.at('first'), '--data', data)
    await done('restore', place.at('first'), '--data', frozen)
    mount.freeze()
    const names = readdirSync(frozen, { recursive: true }).toSorted()
    await done('check', '--data', frozen, '--data-hashes')
    await done('backup', place.at('second'), '--data', frozen)
    await done('check', '--data', place.at('second'), '--data-hashes')
    assert.deepEqual(readdirSync(frozen, { recursive: true }).toSorted(), names)
  })
})

describe('a restore into a mount point', { skip: CANNOT_MOUNT }, () => {
  it('is refused, and one into a folder of it is not', async () => {
    using mount = mountMemory(MOUNT_KIB)
    await done('backup', place.at('third'), '--data', data)
    for (const flags of [[], ['--replace']]) {
      const line = await lineOf(['restore', place.at('third'), '--data', mount.path, ...flags])
      assert.match(line, /is a mount point, which cannot be replaced; name a folder in it$/)
    }
    await done('restore', place.at('third'), '--data', join(mount.path, 'data'))
  })
})

describe('what root makes', { skip: CANNOT_MOUNT }, () => {
  it('belongs to the owner of the data folder, there and back', async () => {
    using mount = mountMemory(MOUNT_KIB)
    const owned = join(mount.path, 'data')
    await done('backup', place.at('fourth'), '--data', data)
    await done('restore', place.at('fourth'), '--data', owned)
    execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, owned])
    await done('backup', place.at('fifth'), '--data', owned)
    await done('restore', place.at('fifth'), '--data', place.at('sixth'))
    for (const folder of [place.at('fifth'), place.at('sixth')]) {
      const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      const others = ['.', ...names].filter((name) => statSync(join(folder, name)).uid !== NOBODY)
      assert.deepEqual(others, [])
    }
  })
})
