import { createHash } from 'node:crypto'

/**
 * Image documents with a realistic spread, the same ones every time: 100 projects, unique names,
 * eight properties each (two of them unique, the others from small vocabularies), 30% public, 10%
 * shared with members, the rest private.
 */
export const PROJECTS: readonly string[] = Array.from({ length: 100 }, (_, n) =>
  hex(`project ${n}`),
)
const DISTROS = ['ubuntu', 'debian', 'rocky', 'fedora', 'alpine', 'windows', 'cirros', 'arch']
const STATUSES = [
  'active',
  'active',
  'active',
  'active',
  'active',
  'active',
  'queued',
  'deactivated',
]
const FIRST_CREATED_MS = Date.UTC(2020, 0, 1)

/** Documents `from` to `to` (excluded), each as one line of JSON with its newline, in one buffer. */
export function documentLines(from: number, to: number): Buffer {
  const lines: string[] = []
  for (let n = from; n < to; n += 1) lines.push(JSON.stringify(imageDocument(n)), '\n')
  return Buffer.from(lines.join(''))
}

/** As the Image service prints it. */
export type ImageDocument = Record<string, unknown>

/** The n-th document. */
export function imageDocument(n: number): ImageDocument {
  const digest = hex(`image ${n}`)
  const id = [8, 12, 16, 20, 32].map((end, i) => digest.slice([0, 8, 12, 16, 20][i], end)).join('-')
  const owner = pick(PROJECTS, digest, 0)
  const tenth = Number.parseInt(digest.slice(4, 8), 16) % 10
  const visibility = tenth < 3 ? 'public' : tenth < 4 ? 'shared' : 'private'
  const status = pick(STATUSES, digest, 2)
  const created = time(n)
  return {
    os_distro: pick(DISTROS, digest, 4),
    os_type: n % 6 === 0 ? 'windows' : 'linux',
    os_version: `${n % 40}.${n % 10}`,
    architecture: n % 5 === 0 ? 'aarch64' : 'x86_64',
    hw_disk_bus: n % 3 === 0 ? 'virtio' : 'scsi',
    image_type: n % 4 === 0 ? 'snapshot' : 'image',
    instance_uuid: id.split('').reverse().join('').replace(/-/g, '0'),
    build_id: `build-${digest}`,
    name: `image-${n}-${pick(DISTROS, digest, 4)}`,
    disk_format: 'qcow2',
    container_format: 'bare',
    visibility,
    size: status === 'queued' ? null : 1_000_000 + n,
    virtual_size: null,
    status,
    checksum: digest,
    protected: false,
    min_ram: (n % 8) * 512,
    min_disk: n % 50,
    owner,
    os_hidden: n % 100 === 0,
    os_hash_algo: 'sha512',
    os_hash_value: digest.repeat(4),
    id,
    created_at: created,
    updated_at: time(n + (n % 7) * 100),
    tags: n % 3 === 0 ? ['nightly'] : [],
    ...(visibility === 'shared' ? { members: members(digest, created) } : {}),
  }
}

function members(digest: string, at: string): Record<string, unknown>[] {
  return [5, 6, 7].map((place) => ({
    member_id: pick(PROJECTS, digest, place),
    status: place === 7 ? 'pending' : 'accepted',
    created_at: at,
    updated_at: at,
  }))
}

function time(n: number): string {
  return new Date(FIRST_CREATED_MS + n * 97_000).toISOString().replace('.000', '')
}

function pick<T>(list: readonly T[], digest: string, place: number): T {
  const n = Number.parseInt(digest.slice(place * 4, place * 4 + 4), 16)
  return list[n % list.length] as T
}

function hex(text: string): string {
  return createHash('md5').update(text).digest('hex')
}
