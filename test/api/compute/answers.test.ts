import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Answers } from '../../../src/api/compute/answers.ts'
import { NO_POLICY } from '../../../src/deprecation/policy.ts'

const MIB = 1024 * 1024

function bodyOf(bytes: number) {
  return { headers: {}, body: Buffer.alloc(bytes, 'a') }
}

test('a compressed form is kept with its answer, and with no other', () => {
  const answers = new Answers()
  const mine = answers.put(1, NO_POLICY, 'mine', bodyOf(10))
  const theirs = answers.put(1, NO_POLICY, 'theirs', bodyOf(10))
  mine?.forms.put('gzip', Buffer.from('mine'))
  theirs?.forms.put('br', Buffer.from('theirs'))
  assert.equal(answers.get(1, NO_POLICY, 'mine')?.forms.get('gzip')?.toString(), 'mine')
  assert.equal(answers.get(1, NO_POLICY, 'mine')?.forms.get('br'), undefined)
  assert.equal(answers.get(1, NO_POLICY, 'theirs')?.forms.get('gzip'), undefined)
  assert.equal(answers.get(1, NO_POLICY, 'theirs')?.forms.get('br')?.toString(), 'theirs')
})

test('a compressed form goes with the version of the catalogue that it is of', () => {
  const answers = new Answers()
  const old = answers.put(1, NO_POLICY, 'list', bodyOf(10))
  assert.equal(answers.get(2, NO_POLICY, 'list'), undefined)
  const next = answers.put(2, NO_POLICY, 'list', bodyOf(20))
  // Compressed while the catalogue changed.
  old?.forms.put('gzip', Buffer.from('old'))
  assert.equal(next?.forms.get('gzip'), undefined)
  assert.equal(answers.get(2, NO_POLICY, 'list')?.forms.get('gzip'), undefined)
})

test('compressed forms count for the bound on memory', () => {
  const answers = new Answers()
  for (let i = 0; i < 20; i += 1) answers.put(1, NO_POLICY, `list ${i}`, bodyOf(MIB))
  const kept = () =>
    Array.from({ length: 20 }, (_, i) => i).filter(
      (i) => answers.get(1, NO_POLICY, `list ${i}`) !== undefined,
    )
  assert.equal(kept().length, 20)
  const last = answers.get(1, NO_POLICY, 'list 19')
  // 20 MiB of bodies and 15 MiB of forms are 3 MiB, and the keys, above the bound of 32.
  for (let i = 0; i < 15; i += 1) last?.forms.put(`coding ${i}`, Buffer.alloc(MIB))
  assert.deepEqual(
    kept(),
    Array.from({ length: 16 }, (_, i) => i + 4),
  )
  assert.equal(last?.forms.get('coding 14')?.length, MIB)
})

test('what is dropped frees its compressed forms too', () => {
  const answers = new Answers()
  for (let round = 0; round < 40; round += 1) {
    const answer = answers.put(1, NO_POLICY, 'list', bodyOf(MIB))
    answer?.forms.put('gzip', Buffer.alloc(MIB))
    answer?.forms.put('gzip', Buffer.alloc(MIB))
  }
  for (let i = 0; i < 29; i += 1) answers.put(1, NO_POLICY, `other ${i}`, bodyOf(MIB))
  assert.notEqual(answers.get(1, NO_POLICY, 'list'), undefined)
  answers.put(1, NO_POLICY, 'one more', bodyOf(MIB))
  assert.notEqual(answers.get(1, NO_POLICY, 'list'), undefined)
  assert.equal(answers.get(1, NO_POLICY, 'other 0'), undefined)
})

test('an answer that tells of another policy is not found, and none is that comes late with it', () => {
  const answers = new Answers()
  const next = { ...NO_POLICY, sunsetAt: 4_000_000_000 }
  answers.put(1, NO_POLICY, 'list', bodyOf(10))
  assert.equal(answers.get(1, next, 'list'), undefined)
  answers.put(1, NO_POLICY, 'list', bodyOf(20)) // it was begun before
  assert.equal(answers.get(1, next, 'list'), undefined)
  answers.put(1, next, 'list', bodyOf(30))
  assert.equal(answers.get(1, next, 'list')?.body.length, 30)
})
