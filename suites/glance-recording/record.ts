import { randomBytes } from 'node:crypto'
import { createWriteStream, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Placeholders, recordedBody, type World } from '../../test/golden/glance/placeholders.ts'
import type { GlanceRecord } from '../../test/golden/glance/records.ts'
import { type Answer, headerOf, send } from '../../test/golden/glance/send.ts'
import { STORIES } from './stories.ts'
import { PATCH_TYPE, type Step } from './story.ts'

/** Sends the stories to a real Glance and records its answers; README.md says how. */

const PAUSE_MS = 1100
const POLL_MS = 200
const POLLS_MAX = 150
const TRANSPORT_HEADERS: ReadonlySet<string> = new Set(['date', 'server', 'connection'])

const { values } = parseArgs({
  options: {
    glance: { type: 'string' },
    keystone: { type: 'string' },
    parties: { type: 'string' },
    out: { type: 'string' },
    only: { type: 'string' },
  },
})
const { glance, keystone, parties, out } = values
if (!glance || !keystone || !parties || !out) {
  throw new Error('--glance URL, --keystone URL, --parties FILE and --out FILE are needed')
}
const world: World = {
  parties: JSON.parse(readFileSync(parties, 'utf8')),
  base: glance,
  keystone,
  run: `a${randomBytes(4).toString('hex').slice(1)}`,
}
const placeholders = new Placeholders(world)
const asAdmin = { 'X-Auth-Token': world.parties.admin.token }

async function tell(step: Step): Promise<Answer> {
  const { method } = step
  const token = tokenOf(step)
  const named = { ...step.headers, ...(token === undefined ? {} : { 'X-Auth-Token': token }) }
  const headers = Object.fromEntries(
    Object.entries(named).map(([name, value]) => [name, placeholders.fill(value)]),
  )
  const path = placeholders.fill(step.path)
  const body =
    step.body === undefined
      ? {}
      : { body: Buffer.from(placeholders.fill(step.body), step.bodyEncoding ?? 'utf8') }
  return send(world.base, { method, path, headers, ...body })
}

function tokenOf({ as }: Step): string | undefined {
  return as === 'none' ? undefined : as === 'bad' ? 'no-such-token' : `{token:${as}}`
}

async function settle(step: Step): Promise<Answer> {
  for (let polls = 0; ; polls += 1) {
    const answer = await tell(step)
    if (step.waitsForStatus === undefined) return answer
    if (JSON.parse(answer.text).status === step.waitsForStatus) return answer
    if (polls > POLLS_MAX) throw new Error(`${step.path} does not become ${step.waitsForStatus}`)
    await sleep(POLL_MS)
  }
}

async function record(group: string, step: Step): Promise<GlanceRecord> {
  if (step.pauses === true) await sleep(PAUSE_MS)
  const answer = await settle(step)
  const type = headerOf(answer, 'content-type')
  const body = recordedBody(answer.text, type, step.isWhole ?? false)
  if (type.startsWith('application/json') && answer.text !== '') {
    placeholders.learn(JSON.parse(answer.text), step.captures)
  }
  const token = tokenOf(step)
  const { name, as, headers, isWhole: _, ...asked } = step
  return {
    group,
    name: name ?? `${as}: ${step.method} ${step.path}`,
    ...asked,
    headers: { ...headers, ...(token === undefined ? {} : { 'X-Auth-Token': token }) },
    status: answer.status,
    responseHeaders: answer.headers
      .filter(([n]) => !TRANSPORT_HEADERS.has(n.toLowerCase()))
      .map(([n, value]) => [n, placeholders.unfill(value)] as const),
    responseBody: JSON.parse(placeholders.unfill(JSON.stringify(body))),
  }
}

/** Every image there is: the recording began with none, so all of them are its own. */
async function heldIds(): Promise<readonly string[]> {
  const ids: string[] = []
  for (const hidden of ['false', 'true']) {
    const path = `/v2/images?visibility=all&limit=1000&os_hidden=${hidden}`
    const answer = await send(world.base, { method: 'GET', path, headers: asAdmin })
    if (answer.status !== 200) throw new Error(`the administrator's list is ${answer.status}`)
    const { images }: { images: readonly { id: string }[] } = JSON.parse(answer.text)
    ids.push(...images.map(({ id }) => id))
  }
  return ids
}

async function sweep(): Promise<void> {
  for (const id of await heldIds()) {
    const path = `/v2/images/${id}`
    const { status } = await send(world.base, { method: 'DELETE', path, headers: asAdmin })
    if (status !== 403) continue
    const headers = { ...asAdmin, 'Content-Type': PATCH_TYPE }
    const body = Buffer.from('[{"op":"replace","path":"/protected","value":false}]')
    await send(world.base, { method: 'PATCH', path, headers, body })
    await send(world.base, { method: 'DELETE', path, headers: asAdmin })
  }
}

async function checkEmpty(): Promise<void> {
  if ((await heldIds()).length > 0) throw new Error('this Glance holds images; give an empty one')
}

await checkEmpty()
const file = createWriteStream(out)
let count = 0
for (const { group, steps } of STORIES) {
  if (values.only !== undefined && values.only !== group) continue
  placeholders.forget()
  try {
    for (const step of steps) {
      file.write(`${JSON.stringify(await record(group, step))}\n`)
      count += 1
    }
  } finally {
    await sweep()
  }
  await checkEmpty()
}
file.end()
process.stdout.write(`${count} answers recorded\n`)
