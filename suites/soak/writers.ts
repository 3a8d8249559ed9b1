import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Chance } from '../fuzz/chance.ts'
import { Caller } from './caller.ts'
import { RememberedImage, sha512 } from './remembered.ts'
import type { World } from './world.ts'

/** So many living images has each writer. */
const KEPT_MAX = 20
const UPLOADS_KEPT_MAX = 6
const DATA_BYTES_MIN = 1_000_000
const DATA_BYTES_MAX = 4_000_000
/** What an upload that its caller leaves has sent by then is no more than a part. */
const LEAVE_WITHIN_MS = 60

/** Creates, changes, shares and deletes images until the time is up. */
export async function write(world: World, seed: number): Promise<void> {
  const { chance, caller, living } = begin(world, seed)
  while (world.isOn()) {
    const image = living[chance.below(living.length)]
    if (image === undefined || living.length < KEPT_MAX / 2) {
      const made = await create(world, caller)
      if (made !== undefined) living.push(made)
    } else if (living.length >= KEPT_MAX || chance.is(15)) {
      living.splice(living.indexOf(image), 1)
      await remove(world, caller, image)
    } else if (chance.is(40)) {
      await patch(world, caller, image)
    } else if (chance.is(50)) {
      await read(world, new Caller(world.tally), image)
    } else {
      await share(world, caller, image)
    }
  }
  caller.close()
}

/** Uploads image data, reads it again later, and deletes some of it. */
export async function upload(world: World, seed: number): Promise<void> {
  const { chance, caller, living } = begin(world, seed)
  while (world.isOn()) {
    const image = living[chance.below(living.length)]
    if (image !== undefined && living.length >= UPLOADS_KEPT_MAX) {
      living.splice(living.indexOf(image), 1)
      await remove(world, caller, image)
    } else if (image !== undefined && chance.is(50)) {
      await readData(world, caller, image)
    } else {
      const made = await create(world, caller)
      if (made === undefined) continue
      const length = DATA_BYTES_MIN + chance.below(DATA_BYTES_MAX - DATA_BYTES_MIN)
      if (await sendData(world, caller, made, noise(chance, length))) living.push(made)
    }
  }
  caller.close()
}

/** Begins uploads, and leaves before they end: such an image has no data. */
export async function leaveUploads(world: World, seed: number): Promise<void> {
  const { chance, caller } = begin(world, seed)
  while (world.isOn()) {
    const made = await create(world, caller)
    if (made === undefined) continue
    await caller.ask({
      kind: 'upload that is left',
      method: 'PUT',
      url: `${world.images}/${made.id}/file`,
      token: world.writer,
      // One byte is never sent.
      headers: { 'content-type': 'application/octet-stream', 'content-length': '1000001' },
      body: noise(chance, 1_000_000),
      leaveAfterMs: chance.below(LEAVE_WITHIN_MS),
    })
    await sleep(LEAVE_WITHIN_MS)
  }
  caller.close()
}

function begin(world: World, seed: number) {
  const living: RememberedImage[] = []
  return { chance: new Chance(seed), caller: new Caller(world.tally), living }
}

/** Bytes that do not repeat those of another upload. */
function noise(chance: Chance, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  const seed = chance.below(2 ** 31)
  for (let i = 0; i + 4 <= length; i += 4) bytes.writeInt32LE(Math.imul(i + seed, 0x9e3779b1), i)
  return bytes
}

const JSON_TYPE = { 'content-type': 'application/json' }
const PATCH_TYPE = { 'content-type': 'application/openstack-images-v2.1-json-patch' }

async function create(world: World, caller: Caller): Promise<RememberedImage | undefined> {
  const image = new RememberedImage(randomUUID(), randomUUID())
  world.remembered.push(image)
  const fields = { id: image.id, name: 'soaked', note: `${image.note}` }
  const answer = await caller.ask({
    kind: 'create',
    method: 'POST',
    url: world.images,
    token: world.writer,
    headers: JSON_TYPE,
    body: JSON.stringify({ ...fields, disk_format: 'raw', container_format: 'bare' }),
  })
  return image.exists.change(true, answer, 201) ? image : undefined
}

async function patch(world: World, caller: Caller, image: RememberedImage): Promise<void> {
  const note = randomUUID()
  const answer = await caller.ask({
    kind: 'patch',
    method: 'PATCH',
    url: `${world.images}/${image.id}`,
    token: world.writer,
    headers: PATCH_TYPE,
    body: JSON.stringify([{ op: 'replace', path: '/note', value: note }]),
  })
  image.note.change(note, answer, 200)
}

/** Reads over a connection of its own, which any worker may have. */
async function read(world: World, caller: Caller, image: RememberedImage): Promise<void> {
  await caller.ask({
    kind: 'read an image',
    url: `${world.images}/${image.id}`,
    token: world.writer,
    judge: ({ body }) => {
      const { note } = JSON.parse(body.toString())
      return image.note.allows(note) ? undefined : `note is ${note}, not ${image.note}`
    },
  })
  caller.close()
}

async function share(world: World, caller: Caller, image: RememberedImage): Promise<void> {
  const isMember = image.member.isSurely(true)
  // Whether an unanswered call has shared it is known at the end alone.
  if (!isMember && !image.member.isSurely(false)) return
  const members = `${world.images}/${image.id}/members`
  const answer = isMember
    ? await caller.ask({
        kind: 'remove a member',
        method: 'DELETE',
        url: `${members}/${world.member}`,
        token: world.writer,
      })
    : await caller.ask({
        kind: 'add a member',
        method: 'POST',
        url: members,
        token: world.writer,
        headers: JSON_TYPE,
        body: JSON.stringify({ member: world.member }),
      })
  image.member.change(!isMember, answer, isMember ? 204 : 200)
}

async function remove(world: World, caller: Caller, image: RememberedImage): Promise<void> {
  const answer = await caller.ask({
    kind: 'delete',
    method: 'DELETE',
    url: `${world.images}/${image.id}`,
    token: world.writer,
  })
  image.exists.change(false, answer, 204)
}

async function sendData(
  world: World,
  caller: Caller,
  image: RememberedImage,
  bytes: Buffer,
): Promise<boolean> {
  const answer = await caller.ask({
    kind: 'upload',
    method: 'PUT',
    url: `${world.images}/${image.id}/file`,
    token: world.writer,
    headers: { 'content-type': 'application/octet-stream' },
    body: bytes,
  })
  return image.data.change(sha512(bytes), answer, 204)
}

async function readData(world: World, caller: Caller, image: RememberedImage): Promise<void> {
  await caller.ask({
    kind: 'read data',
    url: `${world.images}/${image.id}/file`,
    token: world.writer,
    judge: ({ body }) =>
      image.data.allows(sha512(body)) ? undefined : `${body.length} bytes that were never sent`,
  })
}
