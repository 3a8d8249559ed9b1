import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalogue } from '../../src/catalogue/catalogue.ts'
import { CatalogueFault } from '../../src/catalogue/faults.ts'
import { IdentityUnavailable } from '../../src/identity/identity.ts'
import type { Answer } from './answers.ts'
import { assertFault } from './fault.ts'
import {
  IMAGE_ID,
  LIST,
  mapCatalogue,
  PROJECT,
  request,
  type Settings,
  startServer,
} from './stand.ts'
import { say } from './wire.ts'

const SECRET = 'SECRET at /srv/secret.db, password hunter2'

async function ask(settings: Settings, method: string, target: string, body = ''): Promise<Answer> {
  const stand = await startServer(settings)
  try {
    // The second one shows that the server goes on.
    const bytes = request(method, target, {}, body) + request('GET', '/')
    const { answers } = await say(stand.port, bytes, { until: 2 })
    assert.equal(answers[1]?.status, 200)
    assert.ok(answers[0] !== undefined)
    return answers[0]
  } finally {
    await stand.close()
  }
}

/** A catalogue whose every operation fails in the same way. */
function failing(makeError: () => unknown): Catalogue {
  const fail = () => Promise.reject(makeError())
  return {
    list: () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) }),
    get: fail,
    changeProperties: fail,
    delete: fail,
    version: () => 1,
  }
}

const IMAGE = `/v2.1/${PROJECT}/images/${IMAGE_ID}`
const REQUESTS: readonly (readonly [string, string, string?])[] = [
  ['GET', LIST],
  ['GET', `/v2/${PROJECT}/images`],
  ['GET', `${LIST}?marker=${IMAGE_ID}`],
  ['GET', IMAGE],
  ['DELETE', IMAGE],
  ['GET', `${IMAGE}/metadata`],
  ['POST', `${IMAGE}/metadata`, '{"metadata":{"a":"b"}}'],
  ['PUT', `${IMAGE}/metadata`, '{"metadata":{"a":"b"}}'],
  ['GET', `${IMAGE}/metadata/color`],
  ['PUT', `${IMAGE}/metadata/color`, '{"meta":{"color":"b"}}'],
  ['DELETE', `${IMAGE}/metadata/color`],
]

const THROWN: Readonly<Record<string, () => unknown>> = {
  'an error': () => new Error(SECRET),
  'an error that says 404': () => Object.assign(new Error(SECRET), { statusCode: 404 }),
  'an error that says 200': () => Object.assign(new Error(SECRET), { statusCode: 200 }),
  'a type error': () => new TypeError(`Cannot read properties of undefined (reading '${SECRET}')`),
  'an error with headers': () =>
    Object.assign(new Error(SECRET), { headers: { 'x-leak': SECRET } }),
  'a text': () => SECRET,
}

for (const [what, makeError] of Object.entries(THROWN)) {
  test(`${what} thrown by a catalogue is a 500 in shape that tells nothing of it`, async () => {
    const log: string[] = []
    const settings = { catalogue: failing(makeError), log }
    for (const [method, target, body] of REQUESTS) {
      log.length = 0
      const answer = await ask(settings, method, target, body)
      const message = assertFault(answer, 500)
      assert.equal(message, 'The server met an unexpected error.')
      assert.ok(!JSON.stringify([...answer.headers]).includes('SECRET'))
      const id = answer.headers.get('x-compute-request-id')?.[0] ?? ''
      const logged = log.filter((line) => line.includes('"level":50'))
      assert.equal(logged.length, 1, `${method} ${target}`)
      assert.ok(logged[0]?.includes(id), 'the log names the request')
    }
  })
}

test('a catalogue that throws at once, and one whose version fails, are 500s in shape', async () => {
  const thrower = () => {
    throw new Error(SECRET)
  }
  const ways = { list: thrower, get: thrower, version: thrower } satisfies Partial<Catalogue>
  for (const [name, way] of Object.entries(ways)) {
    const catalogue = { ...mapCatalogue(), [name]: way }
    const target = name === 'get' ? IMAGE : LIST
    assertFault(await ask({ catalogue }, 'GET', target), 500)
  }
})

test('an identity that throws is a 500 in shape', async () => {
  const users = { authenticate: () => Promise.reject(new Error(SECRET)) }
  const message = assertFault(await ask({ users }, 'GET', LIST), 500)
  assert.equal(message, 'The server met an unexpected error.')
})

test('an identity that cannot be asked is a 503 in shape with Retry-After', async () => {
  const users = { authenticate: () => Promise.reject(new IdentityUnavailable(SECRET)) }
  const answer = await ask({ users }, 'GET', LIST)
  assert.ok(!assertFault(answer, 503).includes('SECRET'))
  assert.match(answer.headers.get('retry-after')?.[0] ?? '', /^[1-9]\d*$/)
})

test('a catalogue that is busy is a 503 in shape with Retry-After', async () => {
  const makeError = () => new CatalogueFault('catalogue.busy', 'Try again.', SECRET)
  for (const [method, target, body] of REQUESTS) {
    const answer = await ask({ catalogue: failing(makeError) }, method, target, body)
    assert.ok(!assertFault(answer, 503).includes('SECRET'))
    assert.match(answer.headers.get('retry-after')?.[0] ?? '', /^[1-9]\d*$/)
  }
})

test('a change that cannot be kept is a 503 in shape with Retry-After', async () => {
  const makeError = () => new CatalogueFault('catalogue.unwritable', 'Its disk is full.', SECRET)
  for (const [method, target, body] of REQUESTS) {
    const answer = await ask({ catalogue: failing(makeError) }, method, target, body)
    assert.equal(assertFault(answer, 503), 'Its disk is full.')
    assert.match(answer.headers.get('retry-after')?.[0] ?? '', /^[1-9]\d*$/)
  }
})

const UNREADABLE: Readonly<Record<string, object>> = {
  'a read that the disk fails': { code: 'ERR_SQLITE_ERROR', errcode: 10 | (1 << 8) },
  'a file that may not be opened': { code: 'EACCES', path: SECRET },
  'one file too many': { code: 'EMFILE', path: SECRET },
}

for (const [what, fields] of Object.entries(UNREADABLE)) {
  test(`${what} is a 503 in shape with Retry-After, logged once a minute`, async () => {
    const log: string[] = []
    const catalogue = failing(() => Object.assign(new Error(SECRET), fields))
    const stand = await startServer({ catalogue, log })
    try {
      const bytes = REQUESTS.map(([method, target, body]) => request(method, target, {}, body))
      const { answers } = await say(stand.port, bytes.join(''), { until: REQUESTS.length })
      assert.equal(answers.length, REQUESTS.length)
      for (const answer of answers) {
        assert.match(assertFault(answer, 503), /^The server cannot read its files/)
        assert.match(answer.headers.get('retry-after')?.[0] ?? '', /^[1-9]\d*$/)
      }
      assert.equal(log.filter((line) => line.includes('"level":50')).length, 1)
    } finally {
      await stand.close()
    }
  })
}
