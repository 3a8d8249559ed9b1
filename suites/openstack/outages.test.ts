import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Cloud, startCloud } from './cloud.ts'
import { seedRecordedImages } from './seed.ts'
import { type Front, startFront } from './start-front.ts'

const CLIENTS = 4
const STALE_MS = 120_000
/** Until the upstream is asked again after it has come back. */
const BACK_WITHIN_MS = 1_000
/** Enough for a machine that is busy stopping and starting services. */
const ANSWER_WITHIN_MS = 15_000

let cloud: Cloud
let front: Front
/** The same with a short memory that lasts longer than an outage. */
let remembering: Front
let token: string

before(async () => {
  cloud = await startCloud()
  await seedRecordedImages(cloud)
  const flags = ['--glance-url', cloud.glanceUrl, '--keystone-url', cloud.keystoneUrl]
  front = await startFront(flags)
  const memory = ['--cache-ttl-ms', '100', '--cache-stale-if-error-ms', `${STALE_MS}`]
  remembering = await startFront([...flags, ...memory])
  token = await cloud.token('demo', 'demo')
})

after(async () => {
  await remembering?.[Symbol.asyncDispose]()
  await front?.[Symbol.asyncDispose]()
  await cloud?.stop()
})

interface Seen {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly tookMs: number
}

async function ask(path: string, by = front, asker: string | undefined = token): Promise<Seen> {
  const startMs = performance.now()
  const response = await fetch(by.url + path, {
    headers: asker === undefined ? {} : { 'X-Auth-Token': asker },
  })
  const text = await response.text()
  const { status, headers } = response
  return { status, headers, text, tookMs: performance.now() - startMs }
}

function images(rest: string): string {
  return `/v2.1/${cloud.projects.demo}/images${rest}`
}

/** Clients that ask again and again, until they are told to stop. */
function startLoad(path: string) {
  const seen: Seen[] = []
  let isOn = true
  const client = async () => {
    while (isOn) seen.push(await ask(path))
  }
  const clients = Promise.all(Array.from({ length: CLIENTS }, client))
  return {
    seen,
    async stop() {
      isOn = false
      await clients
    },
  }
}

function assertUnavailable(answer: Seen): void {
  assert.equal(answer.status, 503, answer.text)
  assert.match(answer.headers.get('retry-after') ?? '', /^[1-9][0-9]*$/)
  const fault = JSON.parse(answer.text).serviceUnavailable
  assert.equal(fault?.code, 503, answer.text)
  assert.match(answer.headers.get('x-openstack-request-id') ?? '', /^req-/)
}

async function assertBack(path: string, asker = token): Promise<void> {
  const startMs = performance.now()
  for (;;) {
    const { status } = await ask(path, front, asker)
    if (status === 200) return
    assert.ok(performance.now() - startMs < BACK_WITHIN_MS, `still ${status}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('while Glance is stopped and started under load, every answer is a list or a documented 503', async (t) => {
  const list = images('/detail?limit=10')
  const good = await ask(list)
  const remembered = await ask(list, remembering)
  assert.equal(good.status, 200)
  assert.equal(remembered.status, 200)
  const load = startLoad(list)
  await cloud.stopService('glance')
  for (const path of ['/detail', '', '/detail?limit=1']) assertUnavailable(await ask(images(path)))
  const id = JSON.parse(good.text).images[0].id
  assertUnavailable(await ask(images(`/${id}`)))
  assertUnavailable(await ask(images(`/${id}/metadata`)))
  // What needs no Glance is answered as ever.
  assert.equal((await ask(images('/detail?limit=x'))).status, 400)
  assert.equal((await ask(images('/detail'), front, '')).status, 401)
  assert.equal((await ask('/v2.1/', front, '')).status, 200)
  const stale = await ask(list, remembering)
  assert.equal(stale.status, 200)
  assert.equal(stale.headers.get('warning'), '110 - "Response is Stale"')
  assert.match(stale.headers.get('age') ?? '', /^[0-9]+$/)
  assert.equal(
    stale.text.replaceAll(remembering.url, ''),
    good.text.replaceAll(front.url, ''),
    'the last good list',
  )
  await cloud.startService('glance')
  await assertBack(list)
  assert.equal((await ask(list, remembering)).headers.get('warning'), null)
  await load.stop()
  const lists = load.seen.filter(({ status }) => status === 200)
  const refusals = load.seen.filter(({ status }) => status !== 200)
  for (const refusal of refusals) assertUnavailable(refusal)
  for (const { text } of lists) assert.equal(text, good.text)
  assert.ok(refusals.length > 0, 'the load met the outage')
  const slowest = Math.max(...load.seen.map(({ tookMs }) => tookMs))
  assert.ok(slowest < ANSWER_WITHIN_MS, `an answer took ${slowest} ms`)
  t.diagnostic(
    `${lists.length} lists, ${refusals.length} answers 503, the slowest after ${Math.round(slowest)} ms`,
  )
})

test('while Keystone is stopped, known tokens go on and others are a documented 503', async () => {
  const list = images('/detail?limit=1')
  const unseen = await cloud.token('demo', 'demo')
  assert.equal((await ask(list)).status, 200)
  await cloud.stopService('keystone')
  try {
    assert.equal((await ask(list)).status, 200)
    assertUnavailable(await ask(list, front, unseen))
    assert.equal((await ask(list, front, '')).status, 401)
    assert.equal((await ask('/v2.1/', front, '')).status, 200)
  } finally {
    await cloud.startService('keystone')
  }
  await assertBack(list, unseen)
})
