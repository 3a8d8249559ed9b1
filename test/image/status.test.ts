import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GLANCE_STATUSES } from '../../src/image/image.ts'
import { askedStatus, shownStatus } from '../../src/image/status.ts'

function asked(word: string): readonly string[] | 'unaskable' {
  const answer = askedStatus(word)
  return answer.kind === 'unaskable' ? 'unaskable' : answer.statuses
}

test('asking for a word that is shown finds all that is shown so, in any case', () => {
  for (const status of GLANCE_STATUSES) {
    const { status: shown } = shownStatus(status)
    if (shown === 'DELETED') continue
    for (const word of [shown, shown.toLowerCase(), `${shown[0]}${shown.slice(1).toLowerCase()}`]) {
      const found = asked(word)
      assert.ok(found !== 'unaskable' && found.includes(status), `${word} ${status}`)
    }
  }
  assert.deepEqual(asked('SAVING'), ['queued', 'saving'])
  assert.deepEqual(asked('saving'), ['queued', 'saving'])
  assert.deepEqual(asked('UNKNOWN'), ['deactivated', 'uploading', 'importing'])
})

test('a word of the Image service alone means itself', () => {
  for (const word of ['queued', 'deactivated', 'uploading', 'importing', 'killed']) {
    assert.deepEqual(asked(word), [word])
    assert.deepEqual(asked(word.toUpperCase()), [word])
  }
})

test('deleted cannot be asked for; pending_delete and unknown words match nothing', () => {
  assert.equal(asked('deleted'), 'unaskable')
  assert.equal(asked('DELETED'), 'unaskable')
  for (const word of ['pending_delete', '', 'garbage', 'active ', 'in:active', '__proto__']) {
    assert.deepEqual(asked(word), [], word)
  }
})
