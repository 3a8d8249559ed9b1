import type { Image, Member, MemberStatus } from '../../src/image/image.ts'
import type { Viewer } from '../../src/image/visibility.ts'

/** Small numbers as ids, so that a failing test can be read. */
export function idOf(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`
}

/** An image with a number for an id; private, of project `own`, unless told otherwise. */
export function imageOf(n: number, fields: Partial<Image> = {}): Image {
  return {
    id: idOf(n),
    name: `image-${n}`,
    status: 'active',
    visibility: 'private',
    owner: 'own',
    isHidden: false,
    isProtected: false,
    minRamMib: 0,
    minDiskGib: 0,
    sizeBytes: 1016,
    virtualSizeBytes: null,
    diskFormat: 'qcow2',
    containerFormat: 'bare',
    checksum: 'a'.repeat(32),
    hashAlgorithm: 'sha512',
    hashValue: 'b'.repeat(128),
    createdAt: 1_700_000_000 + n,
    updatedAt: 1_700_000_000 + n,
    tags: [],
    properties: new Map(),
    members: [],
    ...fields,
  }
}

export function memberOf(project: string, status: MemberStatus): Member {
  return { project, status, createdAt: 1_700_000_000, updatedAt: 1_700_000_001 }
}

export const OWNER: Viewer = { project: 'own', isAdmin: false }
export const OTHER: Viewer = { project: 'other', isAdmin: false }
export const ADMIN: Viewer = { project: 'operators', isAdmin: true }
export const UNSCOPED: Viewer = { project: null, isAdmin: false }
