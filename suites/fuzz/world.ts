import { GLANCE_STATUSES, type Image, VISIBILITIES } from '../../src/image/image.ts'
import type { Viewer } from '../../src/image/visibility.ts'
import { Chance } from './chance.ts'

/** The callers and images that the requests use. */

export interface Caller {
  readonly token: string
  readonly viewer: Viewer
  readonly mayWrite: boolean
}

export interface World {
  readonly callers: readonly Caller[]
  readonly images: readonly Image[]
  /** Ids of the images that the Image API's writes change, so their visibility may change. */
  readonly contested: ReadonlySet<string>
  readonly projects: readonly string[]
}

export const NAMES = [
  'cirros',
  'Ubuntu: 22.04',
  'in:a,b',
  '',
  'naïve ☃',
  '😀',
  "a'b;--",
  'x'.repeat(255),
]
export const KEYS = [
  'os_type',
  'image_type',
  'instance_uuid',
  'mappings',
  '__proto__',
  'a b',
  'limit',
]
export const VALUES = ['linux', 'snapshot', '', '[{"a":1}]', '{"b":', '1', '☃', '../x?y', 'a"b\\c']
const CREATED_AT = 1_700_000_000

/** @param owners ids of the projects that the images belong to. */
export function makeImages(count: number, seed: number, owners: readonly string[]): Image[] {
  const chance = new Chance(seed)
  const hex = (length: number) => chance.times(length, () => chance.below(16).toString(16)).join('')
  return chance.times(count, () => {
    const createdAt = CREATED_AT + chance.below(200)
    const visibility = chance.pick(VISIBILITIES)
    const member = {
      project: chance.pick(owners),
      status: chance.pick(['pending', 'accepted', 'rejected'] as const),
      createdAt,
      updatedAt: createdAt,
    }
    return {
      id: `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`,
      name: chance.is(5) ? null : chance.pick(NAMES),
      status: chance.is(70) ? 'active' : chance.pick(GLANCE_STATUSES),
      visibility,
      owner: chance.pick(owners),
      isHidden: chance.is(5),
      isProtected: chance.is(50),
      minRamMib: chance.pick([0, 512, 2_147_483_647]),
      minDiskGib: chance.pick([0, 1, 20]),
      sizeBytes: chance.is(10) ? null : chance.below(1_000_000),
      virtualSizeBytes: null,
      diskFormat: 'raw',
      containerFormat: 'bare',
      checksum: null,
      hashAlgorithm: null,
      hashValue: null,
      createdAt,
      updatedAt: createdAt + chance.below(1000),
      tags: [],
      properties: new Map(
        chance.times(chance.below(6), () => [chance.pick(KEYS), chance.pick(VALUES)]),
      ),
      members: visibility === 'shared' ? [member] : [],
    }
  })
}
