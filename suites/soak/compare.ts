import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, Caller } from './caller.ts'
import { type RememberedImage, sha512 } from './remembered.ts'
import type { World } from './world.ts'

/** Deleted images that are asked for by id, the latest ones; the list is looked at for all. */
const DELETED_MAX = 2000
const CALLERS = 6
/** An upload that a killed worker had is set back by another one meanwhile. */
const SETTLE_MS = 60_000
const LOOK_EVERY_MS = 200

export interface Compared {
  readonly listed: number
  readonly byId: number
  readonly data: number
  readonly faults: readonly string[]
}

/** Compares what was acknowledged with what the catalogue holds. */
export async function compare(world: World): Promise<Compared> {
  const faults: string[] = []
  const listed = await listAll(world)
  for (const { id, exists } of world.remembered) {
    if (!exists.allows(listed.has(id))) {
      faults.push(listed.has(id) ? `${id} is listed, and was deleted` : `${id} is not listed`)
    }
  }
  const known = new Set(world.remembered.map(({ id }) => id))
  for (const id of listed) if (!known.has(id)) faults.push(`${id} is listed, and nobody made it`)
  const deleted = world.remembered.filter(({ id }) => !listed.has(id)).slice(-DELETED_MAX)
  const living = world.remembered.filter(({ id }) => listed.has(id))
  const asked = [...deleted, ...living]
  let next = 0
  let data = 0
  const work = async () => {
    const caller = new Caller(world.tally)
    for (let image = asked[next++]; image !== undefined; image = asked[next++]) {
      const found = await compareOne(world, caller, image)
      faults.push(...found.faults)
      if (found.hasData) data += 1
    }
    caller.close()
  }
  await Promise.all(Array.from({ length: CALLERS }, work))
  return { listed: listed.size, byId: asked.length, data, faults }
}

async function listAll(world: World): Promise<ReadonlySet<string>> {
  const caller = new Caller(world.tally)
  const ids = new Set<string>()
  let path: string | undefined = '/v2/images?limit=500&visibility=shared'
  while (path !== undefined) {
    const { result, body } = await look(world, caller, new URL(path, world.images).href)
    if (result !== 200) throw new Error(`the list was answered ${result}: ${body}`)
    const page = JSON.parse(body.toString())
    for (const { id, name } of page.images) if (name === 'soaked') ids.add(id)
    path = page.next
  }
  caller.close()
  return ids
}

function look(world: World, caller: Caller, url: string): Promise<Answer> {
  return caller.ask({ kind: 'look at the end', url, token: world.writer })
}

async function compareOne(world: World, caller: Caller, image: RememberedImage) {
  const faults: string[] = []
  const url = `${world.images}/${image.id}`
  const found = await settled(world, caller, url)
  if (!image.exists.allows(found !== undefined)) {
    faults.push(`${image.id} is ${found === undefined ? 'not ' : ''}there`)
  }
  if (found === undefined) return { faults, hasData: false }
  if (!image.note.allows(found.note)) {
    faults.push(`${image.id} has the note ${found.note}, not ${image.note}`)
  }
  const members = JSON.parse((await look(world, caller, `${url}/members`)).body.toString()).members
  if (!image.member.allows(members.length > 0)) {
    faults.push(`${image.id} has ${members.length} members; shared: ${image.member}`)
  }
  const hasData = found.status === 'active'
  if (!hasData && found.status !== 'queued') faults.push(`${image.id} is ${found.status}`)
  const sum = hasData ? sha512((await look(world, caller, `${url}/file`)).body) : null
  if (!image.data.allows(sum)) faults.push(`${image.id} has data ${sum}, not ${image.data}`)
  if (hasData && found.os_hash_value !== sum) {
    faults.push(`${image.id} says ${found.os_hash_value} of data ${sum}`)
  }
  return { faults, hasData }
}

/** The image, when no upload of it is under way any more; undefined if there is none. */
async function settled(world: World, caller: Caller, url: string) {
  const untilMs = performance.now() + SETTLE_MS
  for (;;) {
    const { result, body } = await look(world, caller, url)
    if (result === 404) return undefined
    const image = JSON.parse(body.toString())
    if (image.status !== 'saving' || performance.now() > untilMs) return image
    await sleep(LOOK_EVERY_MS)
  }
}
