import fc from 'fast-check'
import {
  GLANCE_STATUSES,
  type Image,
  MEMBER_STATUSES,
  VISIBILITIES,
} from '../../src/image/image.ts'
import type { Viewer } from '../../src/image/visibility.ts'
import { NOW } from './contract.ts'
import { idOf, imageOf } from './images.ts'

/** Random images and viewers. Small vocabularies make matches and ties common. */

export const PLAIN = { noNullPrototype: true } as const
const projects = fc.constantFrom('a', 'b', 'c')
export const names = fc.constantFrom('x', 'x\0', 'X', 'y', '', 'x y', 'ü😀')
export const keys = fc.constantFrom('os', 'k', '__proto__', 'os k')
export const values = fc.constantFrom('', 'linux', 'Linux', 'k', '\0')
export const numbers = fc.constantFrom(0, 1, 512)
export const tags = fc.constantFrom('a', 'A', '', '\0', ',', '"', 'ü😀')
export const formats = fc.constantFrom('raw', 'qcow2', 'iso')
export const sizes = fc.constantFrom(0, 1, 1016, 2 ** 52)
/** Few seconds, some of them before and after what a place can tell apart. */
export const seconds = fc.constantFrom(
  -62_135_596_800,
  -5,
  0,
  7,
  1000,
  1023,
  1024,
  NOW - 1,
  NOW,
  2 ** 40,
)

export const images: fc.Arbitrary<Image> = fc
  .record(
    {
      id: fc.integer({ min: 0, max: 40 }).map(idOf),
      name: fc.option(names),
      status: fc.oneof({ weight: 3, arbitrary: fc.constant('active') }, statuses()),
      visibility: fc.constantFrom(...VISIBILITIES),
      owner: fc.option(projects, { freq: 9 }),
      isHidden: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
      isProtected: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
      minRamMib: numbers,
      minDiskGib: numbers,
      sizeBytes: fc.option(sizes),
      virtualSizeBytes: fc.option(sizes),
      diskFormat: fc.option(formats),
      containerFormat: fc.option(formats),
      checksum: fc.option(fc.constantFrom('c1', 'c2')),
      hashValue: fc.option(fc.constantFrom('h1', 'h2')),
      tags: fc.uniqueArray(tags, { maxLength: 3 }).map((list) => list.sort()),
      createdAt: seconds,
      updatedAt: seconds,
      properties: fc.array(fc.tuple(keys, fc.option(values))).map((pairs) => new Map(pairs)),
      members: members(projects),
    },
    PLAIN,
  )
  .map((fields) => imageOf(0, fields as Partial<Image>))

/** Up to two members of an image. */
export function members(projects: fc.Arbitrary<string>) {
  const member = {
    project: projects,
    status: fc.constantFrom(...MEMBER_STATUSES),
    createdAt: fc.constant(NOW),
    updatedAt: fc.constant(NOW),
  }
  return fc.uniqueArray(fc.record(member, PLAIN), {
    selector: ({ project }) => project,
    maxLength: 2,
  })
}

export function statuses() {
  return fc.constantFrom(...GLANCE_STATUSES)
}

export const viewers: fc.Arbitrary<Viewer> = fc.record({
  project: fc.option(fc.constantFrom('a', 'b', 'c', 'stranger'), { freq: 9 }),
  isAdmin: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
})
