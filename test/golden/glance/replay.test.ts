import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Tally } from '../tally.ts'
import { compare, nameAnswer } from './compare.ts'
import { DIFFERENCES } from './differences.ts'
import { Placeholders } from './placeholders.ts'
import { type GlanceRecord, readRecords } from './records.ts'
import { type Answer, headerOf, send } from './send.ts'
import { openStand } from './stand.ts'

const POLL_MS = 5
const POLLS_MAX = 1000

test('every recorded answer of the real Glance is given, but for the differences that are named', async (t) => {
  await using stand = await openStand()
  const { world } = stand
  const placeholders = new Placeholders(world)
  const tally = new Tally(DIFFERENCES)
  let story = ''
  for (const record of readRecords()) {
    if (record.group !== story) {
      await stand.clear()
      placeholders.forget()
      story = record.group
    }
    stand.tick()
    const answer = await tell(record, placeholders, world.base)
    learn(answer, record, placeholders)
    if (isReadersWrite(record, answer)) await tell(asMember(record), placeholders, world.base)
    const ours = nameAnswer(record, answer, placeholders)
    const context = { record, ours }
    tally.add(record, compare(record, ours), context, (problem) => [problem.glance, problem.ours])
  }
  tally.judge(t, 'glance')
})

test('the differences from Glance in the docs and those that are tested are the same', () => {
  const doc = readFileSync(new URL('../../../docs/differences.md', import.meta.url), 'utf8')
  const inDoc = [...doc.matchAll(/^\| `([a-z0-9-]+)` \|.*\| recorded Glance \|$/gm)]
  assert.deepEqual(inDoc.map(([, id]) => id).toSorted(), DIFFERENCES.map((d) => d.id).toSorted())
})

async function tell(
  record: GlanceRecord,
  placeholders: Placeholders,
  base: string,
): Promise<Answer> {
  const { method, body, bodyEncoding = 'utf8' } = record
  const headers = Object.fromEntries(
    Object.entries(record.headers).map(([name, value]) => [name, placeholders.fill(value)]),
  )
  const sent = {
    method,
    path: placeholders.fill(record.path),
    headers,
    ...(body === undefined ? {} : { body: Buffer.from(placeholders.fill(body), bodyEncoding) }),
  }
  for (let polls = 0; ; polls += 1) {
    const answer = await send(base, sent)
    const { waitsForStatus } = record
    if (waitsForStatus === undefined || polls === POLLS_MAX) return answer
    if (answer.text.includes(`"status":"${waitsForStatus}"`)) return answer
    await sleep(POLL_MS)
  }
}

/** A reader's writes are refused here, as named; Glance takes them, and later answers show them. */
function isReadersWrite({ headers, method, status }: GlanceRecord, answer: Answer): boolean {
  const isReader = headers['X-Auth-Token'] === '{token:reader}'
  return isReader && method !== 'GET' && status < 300 && answer.status === 403
}

function asMember(record: GlanceRecord): GlanceRecord {
  return { ...record, headers: { ...record.headers, 'X-Auth-Token': '{token:member}' } }
}

function learn(answer: Answer, record: GlanceRecord, placeholders: Placeholders): void {
  if (answer.text === '') return
  if (!headerOf(answer, 'content-type').startsWith('application/json')) return
  placeholders.learn(JSON.parse(answer.text), record.captures)
}
