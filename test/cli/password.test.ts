import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { askPassword, newPassword, type PasswordFlags } from '../../src/cli/password.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { Keyboard, Sink } from './harness.ts'

interface Desk {
  readonly keyboard: Keyboard
  readonly stderr: Sink
  readonly terminal: Terminal
}

function desk(): Desk {
  const keyboard = new Keyboard()
  const stderr = new Sink()
  return {
    keyboard,
    stderr,
    terminal: {
      environment: {},
      cwd: '/',
      stdin: keyboard,
      stdout: new Sink(),
      stderr,
      stop: new AbortController().signal,
      onHangUp: () => undefined,
      program: 'afterimage',
    },
  }
}

/** Types one text for each time that is asked, once it is asked. */
async function typing(answers: readonly string[]) {
  const { keyboard, stderr, terminal } = desk()
  const asking = askPassword(terminal)
  for (const [index, answer] of answers.entries()) {
    while (stderr.text.split(': ').length < index + 2) await new Promise(setImmediate)
    assert.equal(keyboard.isRaw, true, 'the terminal must not echo')
    keyboard.write(answer)
  }
  const outcome = await asking.then(
    ({ text }) => text,
    (error: Error) => error,
  )
  assert.equal(keyboard.isRaw, false, 'the terminal echoes again')
  return { outcome, shown: stderr.text }
}

describe('a password asked for', () => {
  it('is asked for twice and never shown', async () => {
    const { outcome, shown } = await typing(['pässword\r', 'pässword\r'])
    assert.equal(outcome, 'pässword')
    assert.equal(shown, 'Password: \nOnce more: \n')
  })

  it('can be corrected with backspace and Ctrl+U', async () => {
    const { outcome } = await typing(['wrong\u0015abX\u007fc\r', 'abc\r'])
    assert.equal(outcome, 'abc')
  })

  it('must be typed the same twice', async () => {
    const { outcome } = await typing(['one\r', 'two\r'])
    assert.match(String(outcome), /the two passwords are not the same/)
  })

  it('must not be empty', async () => {
    assert.match(String((await typing(['\r'])).outcome), /the password is empty/)
  })

  it('can be broken off with Ctrl+C', async () => {
    assert.match(String((await typing(['abc\u0003'])).outcome), /stopped/)
  })
})

describe('a password', () => {
  async function get(flags: PasswordFlags, input = '') {
    const { keyboard, terminal } = desk()
    keyboard.end(input)
    return newPassword(flags, terminal)
  }

  it('is the first line of the standard input with --password-stdin', async () => {
    const flags = { passwordStdin: true }
    assert.deepEqual(await get(flags, 'a b\r\nmore'), { text: 'a b', isShown: false })
    assert.deepEqual(await get(flags, ' x '), { text: ' x ', isShown: false })
    await assert.rejects(get(flags, '\n'), /holds no password/)
    await assert.rejects(get(flags, ''), /holds no password/)
  })

  it('is made up, a different one each time, with --generate-password', async () => {
    const first = await get({ generatePassword: true })
    const second = await get({ generatePassword: true })
    assert.match(first?.text ?? '', /^[\w-]{24}$/)
    assert.equal(first?.isShown, true)
    assert.notEqual(first?.text, second?.text)
  })

  it('is none when no flag asks for one', async () => {
    assert.equal(await get({}), undefined)
  })
})
