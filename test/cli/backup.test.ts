import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Image } from '../../src/image/image.ts'
import { fileOf, Place, Served } from '../backup/stand.ts'
import { type Outcome, runCommand } from './harness.ts'

let place: Place
let image: Image
before(async () => {
  place = new Place()
  await using served = await Served.open(place.at('data'))
  image = await served.upload('some bytes')
  await served.create({ status: 'active', checksum: 'a'.repeat(32), sizeBytes: 10 })
})
after(() => place[Symbol.dispose]())

const command = (...args: readonly string[]): Promise<Outcome> =>
  runCommand(args, { cwd: place.path })

/** The one line of a command that fails. */
async function lineOf(code: number, ...args: readonly string[]): Promise<string> {
  const outcome = await command(...args)
  assert.equal(outcome.code, code, outcome.stderr)
  assert.match(outcome.stderr, /^afterimage: [^\n]+\n$/)
  return outcome.stderr
}

describe('backup, restore and check', () => {
  it('go there and back, and say what they wrote', async () => {
    const backup = await command('backup', 'first', '--data', 'data', '--data-hashes')
    assert.deepEqual({ code: backup.code, stderr: backup.stderr }, { code: 0, stderr: '' })
    assert.match(backup.stdout, /^2 images as of \S+Z; 1 image files, 10 bytes, which share/)
    assert.match(
      backup.stdout,
      /\nthe hashes of 1 files are those of their images\n1 images have no/,
    )
    const restored = await command('restore', 'first', '--data', 'second', '--copy', '--json')
    assert.equal(restored.code, 0, restored.stderr)
    const { createdAt, ...printed } = JSON.parse(restored.stdout)
    assert.ok(backup.stdout.includes(createdAt))
    assert.deepEqual(printed, {
      ...{ data: place.at('second'), movedTo: null, images: 2, files: 1, bytes: 10, hashed: 0 },
      ...{ withoutFile: 1, midway: 0, sharesBytes: false, leftOut: [] },
    })
    const checked = await command('check', '--data', 'second', '--without-data', '--data-hashes')
    assert.deepEqual(checked, {
      code: 0,
      stdout: '2 images; 1 image files, 10 bytes; 1 hashes compared\n1 images have no file\n',
      stderr: '',
    })
  })

  it('print JSON', async () => {
    const backup = await command('backup', 'json', '--data', 'data', '--json')
    const { target, images, sharesBytes } = JSON.parse(backup.stdout)
    assert.deepEqual([target, images, sharesBytes], [place.at('json'), 2, true])
    const checked = await command('check', '--data', 'json', '--json')
    assert.equal(checked.code, 0, checked.stderr)
    const { folder, faultCount, described } = JSON.parse(checked.stdout)
    assert.deepEqual([folder, faultCount, described], [place.at('json'), 0, []])
  })

  it('say what they left out, and what they moved aside', async () => {
    mkdirSync(place.at('data', 'notes'))
    const backup = await command('backup', 'part', '--data', 'data')
    assert.equal(backup.stderr, 'left out, since it is no file: notes\n')
    rmSync(place.at('data', 'notes'), { recursive: true })
    await command('restore', 'part', '--data', 'twice')
    const again = await command('restore', 'part', '--data', 'twice', '--replace')
    const [, aside = ''] =
      /^what was there is now (\S+twice\.before-\d{8}T\d{6}Z)\n$/.exec(again.stderr) ?? []
    assert.ok(existsSync(aside), again.stderr)
  })

  it('tell each fault of a check, and end with 1', async () => {
    await command('restore', 'first', '--data', 'faulty', '--copy')
    writeFileSync(fileOf(place.at('faulty'), image), 'same bytes')
    const fine = await command('check', '--data', 'faulty', '--without-data')
    assert.equal(fine.code, 0)
    const { code, stdout, stderr } = await command('check', '--data', 'faulty', '--data-hashes')
    assert.equal(code, 1)
    const first = new RegExp(
      `^wrong-hash {2}${fileOf(place.at('faulty'), image)}: its sha512 is`,
      'm',
    )
    assert.match(stdout, first)
    assert.match(stdout, /^missing-file {2}\S+a{32}: there is no such file/m)
    assert.equal(
      stderr,
      `afterimage: 2 faults in ${place.at('faulty')}; if documents were imported without data, give --without-data\n`,
    )
    const json = await command('check', '--data', 'faulty', '--data-hashes', '--json')
    assert.equal(json.code, 1)
    assert.deepEqual(JSON.parse(json.stdout).faults, { 'missing-file': 1, 'wrong-hash': 1 })
  })
})

describe('what cannot be done', () => {
  it('names the folder, and says what to do', async () => {
    const none = `afterimage: there is no catalogue in ${place.at('none')}: give --data DIR, or start "afterimage serve" first\n`
    assert.equal(await lineOf(1, 'backup', 'x', '--data', 'none'), none)
    assert.equal(await lineOf(1, 'check', '--data', 'none'), none)
    assert.match(
      await lineOf(1, 'restore', 'none', '--data', 'x'),
      /\/none is no backup: there is no/,
    )
    assert.match(
      await lineOf(1, 'restore', 'data', '--data', 'x'),
      /\/data is no backup: there is no/,
    )
    assert.match(
      await lineOf(1, 'backup', 'data', '--data', 'data'),
      /are one folder, or one is in/,
    )
    assert.match(
      await lineOf(1, 'restore', 'first', '--data', 'data'),
      /\/data is there and is not empty; name a new folder, or give --replace\n$/,
    )
    assert.equal(existsSync(place.at('x')), false)
  })

  it('is called wrongly with 2', async () => {
    for (const args of [['backup'], ['restore'], ['check', 'x'], ['backup', 'a', 'b']]) {
      assert.match(await lineOf(2, ...args), /--help says what there is\n$/)
    }
  })
})

describe('a command that is interrupted', () => {
  it('says so, and leaves nothing', async () => {
    const stop = new AbortController()
    stop.abort()
    const before = readdirSync(place.path)
    for (const [args, said] of [
      [['backup', 'x', '--data', 'data'], 'the backup was interrupted; nothing is left of it'],
      [['restore', 'first', '--data', 'x'], 'the restore was interrupted; nothing is left of it'],
      [['check', '--data', 'data'], 'the check was interrupted'],
    ] as const) {
      const { code, stderr } = await runCommand(args, { cwd: place.path, stop: stop.signal })
      assert.deepEqual({ code, stderr }, { code: 1, stderr: `afterimage: ${said}\n` })
    }
    assert.deepEqual(readdirSync(place.path), before)
  })
})
