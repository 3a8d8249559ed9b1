import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { writeFolder } from '../../src/backup/write-folder.ts'
import { ProcessPresence } from '../../src/database/presence.ts'
import { NAMES, Place } from './stand.ts'

let place: Place
beforeEach(() => {
  place = new Place()
})
afterEach(() => place[Symbol.dispose]())

const write = (fill: (part: string) => Promise<unknown>, moveAsideTo?: string) => {
  const wanted = { target: place.at('target'), names: NAMES, moveAsideTo, otherWay: '' }
  return writeFolder(wanted, fill)
}
const fillOne = async (part: string) => writeFileSync(join(part, 'file'), '')

/** What a process that dies, or lives, has begun. */
function begin(name: string): ProcessPresence {
  mkdirSync(place.at(name))
  return new ProcessPresence(place.at(name, NAMES.processes))
}

describe('a folder that is written whole', () => {
  it('has its name only when it is filled, and nothing else in it', async () => {
    await write(async (part) => {
      assert.deepEqual(readdirSync(place.path), [part.slice(place.path.length + 1)])
      await fillOne(part)
    })
    assert.deepEqual(readdirSync(place.path), ['target'])
    assert.deepEqual(readdirSync(place.at('target')), ['file'])
  })

  it('takes away what killed processes have begun beside it, and nothing else', async () => {
    const name = (digit: string) => `other.afterimage-${digit.repeat(16)}.part`
    const [dead, living, bare, old] = ['a', 'b', 'c', 'd'].map(name) as [
      string,
      string,
      string,
      string,
    ]
    const own = ['mine.part', 'afterimage-0.part']
    {
      using presence = begin(dead)
      // A process that is killed leaves its lock behind.
      writeFileSync(place.at(dead, NAMES.processes, `${presence.name}0.lock`), '')
    }
    using _ = begin(living)
    for (const folder of [bare, old, ...own]) mkdirSync(place.at(folder))
    for (const folder of [living, old]) utimesSync(place.at(folder), 0, 0)
    await write(fillOne)
    const expected = [living, bare, 'target', ...own]
    assert.deepEqual(readdirSync(place.path).toSorted(), expected.toSorted())
  })

  it('is not there if its place was taken meanwhile', async () => {
    const work = write(async (part) => {
      await fillOne(part)
      mkdirSync(place.at('target'))
      writeFileSync(place.at('target', 'mine'), '')
    })
    await assert.rejects(work, /\/target is there and is not empty/)
    assert.deepEqual(readdirSync(place.path), ['target'])
    assert.deepEqual(readdirSync(place.at('target')), ['mine'])
  })

  it('leaves in its place what could not be moved aside', async () => {
    mkdirSync(place.at('target'))
    writeFileSync(place.at('target', 'mine'), '')
    await assert.rejects(
      write(fillOne, place.at('none', 'aside')),
      /there is no such file or folder/,
    )
    assert.deepEqual(readdirSync(place.path), ['target'])
    assert.deepEqual(readdirSync(place.at('target')), ['mine'])
  })
})
