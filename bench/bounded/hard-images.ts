import { createHash } from 'node:crypto'
import type { Image } from '../../src/image/image.ts'
import { ADMIN, MEMBER, OWNER } from '../viewers.ts'

/**
 * Images that make every question hard: what is asked for stands at the far end of the list, or is
 * held by half of all images that never hold the other thing asked for.
 */

const FIRST_CREATED_AT = Date.UTC(2020, 0, 1) / 1000
const SECONDS_APART = 97
/** After this the oldest tenth was updated, last of all. */
export const REVISITED_AT = Date.UTC(2035, 0, 1) / 1000
/** What the oldest twentieth is larger than, and nothing else. */
export const LARGE_BYTES = 10 ** 12

/** The n-th of `size` images; a greater n is a newer image. */
export function hardImage(n: number, size: number): Image {
  const age = n / size
  const createdAt = FIRST_CREATED_AT + n * SECONDS_APART
  const isEven = n % 2 === 0
  const visibility = age < 0.2 ? 'public' : n % 10 === 0 ? 'shared' : 'private'
  return {
    id: idOf(n),
    name: age < 0.3 ? `z-${n}` : isEven ? 'common' : `image-${n}`,
    status: age < 0.05 ? 'queued' : isEven ? 'active' : 'deactivated',
    visibility,
    owner: isEven ? OWNER.project : age < 0.5 && n % 5 === 1 ? ADMIN.project : 'nobody',
    isHidden: n % 100 === 7,
    isProtected: false,
    minRamMib: isEven ? 512 : 0,
    minDiskGib: isEven ? 0 : 10,
    sizeBytes: age < 0.05 ? LARGE_BYTES + n : n % 1000,
    virtualSizeBytes: null,
    diskFormat: age < 0.05 ? 'iso' : 'qcow2',
    containerFormat: age < 0.05 ? 'ova' : 'bare',
    checksum: null,
    hashAlgorithm: null,
    hashValue: null,
    createdAt,
    updatedAt: age < 0.1 ? REVISITED_AT + n : createdAt + (n % 7) * 100,
    tags: isEven ? ['nightly'] : [],
    properties: new Map([
      ['os_type', isEven ? 'linux' : 'windows'],
      ['image_type', age < 0.1 ? 'snapshot' : 'image'],
      ['architecture', isEven ? 'x86_64' : 'aarch64'],
    ]),
    members:
      visibility === 'shared'
        ? [{ project: MEMBER.project, status: 'accepted', createdAt, updatedAt: createdAt }]
        : [],
  }
}

function idOf(n: number): string {
  const digest = createHash('sha256').update(`hard image ${n}`).digest('hex')
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `4${digest.slice(13, 16)}`,
    `8${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-')
}
