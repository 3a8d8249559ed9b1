import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashPassword, isPassword, unmatchableHash } from '../../src/identity/local/password.ts'
import { GateFull, WorkGate } from '../../src/identity/local/work-gate.ts'
import { byPassword, house } from './fixtures.ts'

test('a password fits its own hash alone, whatever its characters', async () => {
  const password = 'pä$$ \u{1f511} \0 end'
  const stored = await hashPassword(password)
  assert.match(stored, /^scrypt\$15\$8\$1\$[\w-]{22}\$[\w-]{43}$/)
  assert.notEqual(stored, await hashPassword(password), 'two hashes share a salt')
  assert.equal(await isPassword(password, stored), true)
  assert.equal(await isPassword('pä$$ \u{1f511} \0', stored), false)
  assert.equal(await isPassword('', unmatchableHash()), false)
})

test('the parameters that a hash was made with are read from it', async () => {
  const { scryptSync } = await import('node:crypto')
  const salt = Buffer.from('salt')
  const key = scryptSync('x', salt, 32, { N: 1024, r: 4, p: 2 })
  const stored = `scrypt$10$4$2$${salt.toString('base64url')}$${key.toString('base64url')}`
  assert.equal(await isPassword('x', stored), true)
  await assert.rejects(isPassword('x', 'bcrypt$2b$12$abc'), /not in a form/)
})

test('the gate runs a few at once, in order, and refuses what does not fit', async () => {
  const gate = new WorkGate(2, 3)
  const started: number[] = []
  const finish: (() => void)[] = []
  const work = (id: number) =>
    gate.run(async () => {
      started.push(id)
      await new Promise<void>((resolve) => finish.push(resolve))
      if (id === 1) throw new Error('one failed')
      return id
    })
  const results = [work(0), work(1), work(2), work(3), work(4)]
  const settled = Promise.allSettled(results)
  await assert.rejects(work(5), GateFull)
  assert.deepEqual(started, [0, 1])
  for (let next = 0; next < 5; next += 1) {
    finish[next]?.()
    await new Promise(setImmediate)
  }
  assert.deepEqual(started, [0, 1, 2, 3, 4])
  assert.deepEqual(
    (await settled).map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
  )
})

test('guesses sent all at once are slowed as if they came one by one', async (t) => {
  const { identity } = await house(t, false)
  const guesses = Array.from({ length: 30 }, () => identity.signIn(byPassword('demo', 'wrong')))
  const outcomes = await Promise.allSettled(guesses)
  const codes = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)
  const checked = codes.filter((code) => code === 'credentials.refused').length
  assert.ok(checked >= 6 && checked <= 7, `${checked} passwords were checked`)
  assert.equal(codes.filter((code) => code === 'attempts.throttled').length, 30 - checked)
  await assert.rejects(identity.signIn(byPassword('demo')), {
    code: 'attempts.throttled',
    retryAfterSeconds: checked === 6 ? 1 : 2,
  })
})
