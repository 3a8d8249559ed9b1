import type { ImageStore } from '../../src/catalogue/catalogue.ts'
import { changedImage } from '../../src/catalogue/property-change.ts'
import { readDocument } from '../../src/image/document.ts'
import {
  type Image,
  MEMBER_STATUSES,
  type PropertyValue,
  VISIBILITIES,
} from '../../src/image/image.ts'
import type { Viewer } from '../../src/image/visibility.ts'
import type { Chance } from '../fuzz/chance.ts'
import { PROJECTS as ALL_PROJECTS, imageDocument } from '../import/generate.ts'

/**
 * The writes of a round. They follow from the seed and from the images there at its start, so the
 * killed writer and the test that checks its file compute the same ones.
 */

/** Few, so that each owns much and is offered much. */
export const PROJECTS = ALL_PROJECTS.slice(0, 5)
/** Owns nothing. */
export const STRANGER = 'stranger'
/** May change and delete every image. */
export const ADMIN: Viewer = { project: STRANGER, isAdmin: true }

/** Every put takes from these, so that images are replaced, and come back after a delete. */
const DOCUMENTS = 900
const BATCH_IMAGES_MAX = 60
/** Unix seconds; the clock of round N stands N seconds later. */
const FIRST_ROUND_AT = 1_800_000_000

/** By id, in order of first writing. */
export type Images = Map<string, Image>

export type Write =
  | { readonly kind: 'put'; readonly images: readonly Image[] }
  | { readonly kind: 'delete'; readonly id: string }
  | {
      readonly kind: 'change'
      readonly id: string
      readonly remove: ReadonlySet<string> | 'all'
      readonly set: ReadonlyMap<string, PropertyValue>
      readonly propertiesMax: number
    }

/** @returns Unix seconds */
export function clockOf(round: number): number {
  return FIRST_ROUND_AT + round
}

export async function readImages(store: ImageStore): Promise<Images> {
  const images: Images = new Map()
  for await (const batch of store.exportImages()) {
    for (const image of batch) images.set(image.id, image)
  }
  return images
}

/** A write that the images allow to ADMIN. */
export function makeWrite(chance: Chance, images: Images): Write {
  const seen = [...images.values()].filter(({ status }) => status !== 'pending_delete')
  if (seen.length < DOCUMENTS / 10 || chance.is(40)) {
    const count = chance.is(30) ? 1 : 1 + chance.below(BATCH_IMAGES_MAX)
    return { kind: 'put', images: chance.times(count, () => makeImage(chance)) }
  }
  const image = chance.pick(seen)
  if (!image.isProtected && chance.is(40)) return { kind: 'delete', id: image.id }
  const remove = chance.is(5)
    ? 'all'
    : new Set(chance.is(30) ? image.properties.keys().take(2) : [])
  const set = new Map<string, PropertyValue>([['touched', `${chance.below(20)}`]])
  if (chance.is(20)) set.set(`new ${chance.below(10)}`, chance.is(20) ? null : 'x'.repeat(9000))
  return { kind: 'change', id: image.id, remove, set, propertiesMax: 128 }
}

function makeImage(chance: Chance): Image {
  const n = chance.below(DOCUMENTS)
  const visibility = chance.pick(VISIBILITIES)
  const projects = [...PROJECTS].sort().filter(() => visibility === 'shared' && chance.is(50))
  const image = readDocument(imageDocument(n))
  return {
    ...image,
    owner: chance.is(5) ? null : chance.pick(PROJECTS),
    visibility,
    isHidden: chance.is(5),
    isProtected: chance.is(10),
    status: chance.is(5) ? 'pending_delete' : image.status,
    // An hour holds some forty: ties, also between those that replace one another.
    createdAt: image.createdAt - (chance.is(80) ? image.createdAt % 3600 : 0),
    members: projects.map((project) => ({
      project,
      status: chance.pick(MEMBER_STATUSES),
      createdAt: image.createdAt,
      updatedAt: image.createdAt,
    })),
  }
}

/** What the images are after the write. */
export function apply(images: Images, write: Write, now: number): void {
  if (write.kind === 'put') {
    for (const image of write.images) images.set(image.id, image)
  } else if (write.kind === 'delete') {
    images.delete(write.id)
  } else {
    const image = images.get(write.id)
    if (image === undefined) throw new Error(`${write.id} is not there to be changed`)
    images.set(write.id, changedImage(image, write, now))
  }
}

export async function carryOut(store: ImageStore, write: Write): Promise<void> {
  if (write.kind === 'put') await store.putImages(write.images)
  else if (write.kind === 'delete') await store.delete(ADMIN, write.id)
  else await store.changeProperties(ADMIN, write.id, write)
}
