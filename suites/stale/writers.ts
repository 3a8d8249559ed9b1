import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Product } from '../../bench/product.ts'
import { writeDocument } from '../../src/image/document.ts'
import type { Image, MemberStatus, Visibility } from '../../src/image/image.ts'
import { withMember, withoutMember } from '../../src/image/members.ts'
import { Client } from './client.ts'
import { type History, imageOfWritten } from './history.ts'
import { type Asker, projectOf, type World } from './world.ts'

/** Few, so that lists by name hold several. */
export const NAMES = ['red', 'green', 'blue', 'gray', 'pink']
export const VISIBILITIES: readonly Visibility[] = ['private', 'shared', 'community', 'public']

const IMAGES_MAX = 90
const IMPORTED_IMAGES = 5
const FIRST_CREATED_AT = 1_700_000_000
const PAUSE_MS_MAX = 12
/** A process that begins takes time from those that serve. */
const IMPORT_PAUSE_MS = 1000
const PATCH_TYPE = 'application/openstack-images-v2.1-json-patch'

/** Writes at random, to images of its own, until the end. */
export class Writer {
  readonly #world: World
  readonly #clients = new Map<Product, Client>()
  readonly #images: History[] = []
  writes = 0

  constructor(world: World) {
    this.#world = world
  }

  async run(isOver: () => boolean, imagesMax: number): Promise<void> {
    const { chance } = this.#world
    while (!isOver()) {
      if (this.#images.length < 3 || (this.#images.length < imagesMax && chance.is(20))) {
        await this.#create()
      } else {
        await this.#writeTo(chance.pick(this.#images))
      }
      this.writes += 1
      this.#world.tidy()
      await sleep(chance.below(PAUSE_MS_MAX))
    }
    for (const client of this.#clients.values()) client.close()
  }

  async #writeTo(history: History): Promise<void> {
    const { chance, askers } = this.#world
    const image = history.now
    assert.ok(image !== undefined)
    const owner = this.#ownerOf(image)
    if (chance.is(12)) {
      this.#images.splice(this.#images.indexOf(history), 1)
      await history.write(undefined, () => this.#send(owner, 'DELETE', `/${image.id}`, 204))
    } else if (chance.is(35) && image.visibility === 'shared') {
      await this.#share(history, image)
    } else if (chance.is(15)) {
      await this.#setMetadata(history, image, owner)
    } else if (chance.is(20)) {
      await this.#patch(history, { ...image, isHidden: !image.isHidden }, owner)
    } else if (chance.is(50)) {
      await this.#patch(history, { ...image, visibility: chance.pick(VISIBILITIES) }, askers.admin)
    } else {
      await this.#patch(history, { ...image, name: chance.pick(NAMES) }, owner)
    }
  }

  #ownerOf(image: Image): Asker {
    const { owner, other } = this.#world.askers
    return image.owner === owner.viewer.project ? owner : other
  }

  async #create(): Promise<void> {
    const { chance, askers } = this.#world
    const by = chance.is(70) ? askers.owner : askers.other
    const id = randomUUID()
    const written = {
      id,
      name: chance.pick(NAMES),
      owner: by.viewer.project,
      visibility: chance.pick(VISIBILITIES.slice(0, 3)),
      isHidden: false,
      revision: this.#world.revision(),
      createdAt: 0,
      members: [],
    }
    const { name, visibility, revision } = written
    const history = this.#world.newHistory(id)
    this.#images.push(history)
    const state = imageOfWritten(written)
    const body = JSON.stringify({ id, name, visibility, revision })
    const creation = history
      .write(state, () => this.#send(by, 'POST', '', 201, body))
      .then((made) => {
        history.correct({ ...state, createdAt: Date.parse(JSON.parse(made).created_at) / 1000 })
      })
    this.#world.creations.add(creation)
    await creation.finally(() => this.#world.creations.delete(creation))
  }

  #patch(history: History, image: Image, by: Asker): Promise<unknown> {
    const changed = this.#revised(image)
    const value = (path: string, value: unknown) => ({ op: 'replace', path, value })
    const body = JSON.stringify([
      value('/name', changed.name),
      value('/visibility', changed.visibility),
      value('/os_hidden', changed.isHidden),
      value('/revision', changed.properties.get('revision')),
    ])
    const asker = changed.visibility === 'public' ? this.#world.askers.admin : by
    return history.write(changed, () =>
      this.#send(asker, 'PATCH', `/${image.id}`, 200, body, PATCH_TYPE),
    )
  }

  /** Through the Compute API, by another project's token too where that may write. */
  async #setMetadata(history: History, image: Image, by: Asker): Promise<void> {
    const changed = this.#revised(image)
    const metadata = { revision: changed.properties.get('revision') }
    const server = this.#world.chance.pick(this.#world.servers)
    const url = `${server.computeUrl}/v2.1/images/${image.id}/metadata`
    const body = JSON.stringify({ metadata })
    await history.write(changed, () => this.#sendTo(server, url, by, 'POST', 200, body))
  }

  /** The admin adds a member, or answers for it, or takes it out. */
  async #share(history: History, image: Image): Promise<void> {
    const { chance, askers } = this.#world
    const project = projectOf('member')
    const there = image.members.find((member) => member.project === project)
    const by = askers.admin
    const path = `/${image.id}/members`
    if (there === undefined) {
      const state = withMember(image, memberOf(project, 'pending'))
      const body = JSON.stringify({ member: project })
      await history.write(state, () => this.#send(by, 'POST', path, 200, body))
    } else if (chance.is(30)) {
      const state = withoutMember(image, project)
      await history.write(state, () => this.#send(by, 'DELETE', `${path}/${project}`, 204))
    } else {
      const status = chance.pick(['accepted', 'accepted', 'rejected'] as const)
      const state = withMember(image, memberOf(project, status))
      const body = JSON.stringify({ status })
      await history.write(state, () => this.#send(by, 'PUT', `${path}/${project}`, 200, body))
    }
  }

  #revised(image: Image): Image {
    return { ...image, properties: new Map([['revision', this.#world.revision()]]) }
  }

  #send(
    by: Asker,
    method: string,
    path: string,
    status: number,
    body?: string,
    type?: string,
  ): Promise<string> {
    const server = this.#world.chance.pick(this.#world.servers)
    return this.#sendTo(
      server,
      `${server.imageUrl}/v2/images${path}`,
      by,
      method,
      status,
      body,
      type,
    )
  }

  async #sendTo(
    server: Product,
    url: string,
    { token }: Asker,
    method: string,
    status: number,
    body?: string,
    type = 'application/json',
  ): Promise<string> {
    const client = this.#clients.get(server) ?? new Client()
    this.#clients.set(server, client)
    const headers = {
      'x-auth-token': token,
      ...(body === undefined ? {} : { 'content-type': type }),
    }
    const answer = await client.ask(method, url, headers, body)
    assert.equal(answer.status, status, `${method} ${url} ${body}: ${answer.body}`)
    return answer.body
  }
}

/** How many images each of some writers may have. */
export function shareOf(writers: number): number {
  return Math.floor(IMAGES_MAX / writers)
}

/** Imports images in a process of its own, and changes them by importing them again. */
export async function importAgain(world: World, isOver: () => boolean): Promise<number> {
  const histories = Array.from({ length: IMPORTED_IMAGES }, () => world.newHistory(randomUUID()))
  let imports = 0
  while (!isOver()) {
    const images = histories.map(({ id }, at) =>
      imageOfWritten({
        id,
        name: world.chance.pick(NAMES),
        owner: projectOf('owner'),
        visibility: world.chance.pick(VISIBILITIES),
        isHidden: world.chance.is(20),
        revision: world.revision(),
        createdAt: FIRST_CREATED_AT + at,
        members: [],
      }),
    )
    const lines = images.map((image) => `${JSON.stringify(writeDocument(image))}\n`)
    const imported = Promise.withResolvers<void>()
    const all = histories.map((history, at) => history.write(images[at], () => imported.promise))
    await world.importImages(lines)
    imported.resolve()
    await Promise.all(all)
    imports += 1
    await sleep(IMPORT_PAUSE_MS)
  }
  return imports
}

function memberOf(project: string, status: MemberStatus) {
  return { project, status, createdAt: 0, updatedAt: 0 }
}
