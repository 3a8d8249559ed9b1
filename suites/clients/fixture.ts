import { readFileSync } from 'node:fs'

/** An image document as the Image service prints it; only what the suite looks at is named. */
export interface ImageDocument {
  readonly id: string
  readonly name: string | null
  readonly status: string
  readonly visibility: string
  readonly owner: string
  readonly min_ram: number
  readonly min_disk: number
  readonly size: number | null
  readonly created_at: string
  readonly updated_at: string
  readonly os_hidden: boolean
  readonly protected: boolean
  readonly members?: readonly { readonly member_id: string; readonly status: string }[]
  readonly image_type?: string
  readonly instance_uuid?: string
  readonly [property: string]: unknown
}

/** The two projects that a first start makes. */
export interface Projects {
  /** The project of the user who signs in. */
  readonly demo: string
  readonly admin: string
}

/** More than any page a server might end by itself: old clients read one page and stop. */
const BUILDS = 1100
const BUILDS_SINCE_MS = Date.parse('2024-01-01T00:00:00Z')
/** Whole seconds hold several images, so that ties are ordered too. */
const BUILDS_A_SECOND = 4

/** The server that SNAPSHOT was made of. */
export const SERVER = '7f1d0ad2-9c0e-4d4c-9a57-1b6a1f0c2e11'
/** A snapshot of the caller's own, to be read, written and deleted. */
export const SNAPSHOT = '10000000-0000-4000-8000-000000000001'
/** Every character that a client may forget to escape, and the colon that Nova misreads. */
export const ODD_NAME = 'Ubuntu: 22.04+extras & "größe" 100% ☃/1'
/** Listed twice by this name. */
export const TWIN_NAME = 'team build'
/** Cannot be deleted. */
export const LOCKED = '10000000-0000-4000-8000-000000000005'
/** Seen by id alone: offered, not accepted yet. */
export const OFFERED = '10000000-0000-4000-8000-000000000007'
/** Another project's own. */
export const STRANGE = '10000000-0000-4000-8000-000000000008'
/** There is none. */
export const ABSENT = '10000000-0000-4000-8000-00000000ffff'

const EXAMPLES = new URL('../../examples/images.json', import.meta.url)

/** The example catalogue that `serve --example` begins with, owned by `projects`. */
export function exampleDocuments(projects: Projects): ImageDocument[] {
  const text = readFileSync(EXAMPLES, 'utf8')
  return JSON.parse(text.replaceAll('{demo}', projects.demo).replaceAll('{admin}', projects.admin))
}

/** The images that the suite imports besides: one for each difficulty of a client, and many. */
export function madeDocuments({ demo, admin }: Projects): ImageDocument[] {
  const share = (status: string) => ({
    owner: admin,
    visibility: 'shared',
    members: [{ member_id: demo, status }],
  })
  const own = { owner: demo }
  const special = [
    {
      ...own,
      name: 'db-2 nightly',
      min_ram: 3072,
      min_disk: 33,
      image_type: 'snapshot',
      instance_uuid: SERVER,
      os_distro: 'debian',
      owner_id: demo,
      auto_disk_config: 'True',
      note: 'größe ☃',
    },
    { ...own, name: ODD_NAME },
    { ...own, name: TWIN_NAME, created_at: '2025-05-01T00:00:00Z', build: 'old' },
    { ...own, name: TWIN_NAME, created_at: '2025-06-01T00:00:00Z', build: 'new' },
    { ...own, name: 'locked', protected: true },
    { ...share('accepted'), name: 'from the admins' },
    { ...share('pending'), name: 'offered by the admins' },
    { owner: admin, name: 'of the admins alone' },
    { ...own, name: null, status: 'saving', size: null },
    { ...own, name: 'broken', status: 'killed', size: null },
    { ...own, name: 'hidden away', os_hidden: true },
    { owner: admin, name: "the admins' community image", visibility: 'community' },
  ]
  return [
    ...special.map((given, index) => documentOf(specialId(index + 1), given)),
    ...builds(demo),
  ]
}

function specialId(number: number): string {
  return `10000000-0000-4000-8000-${String(number).padStart(12, '0')}`
}

function builds(owner: string): ImageDocument[] {
  return Array.from({ length: BUILDS }, (_, index) => {
    const second = Math.floor(index / BUILDS_A_SECOND)
    const createdAt = `${new Date(BUILDS_SINCE_MS + second * 1000).toISOString().slice(0, 19)}Z`
    // Ids that do not rise with time: the order of a tie must come from the id itself.
    const id = `20000000-0000-4000-8000-${String((index * 7919) % 100_003).padStart(12, '0')}`
    const name = `build ${String(index).padStart(4, '0')}`
    return documentOf(id, { owner, name, created_at: createdAt, min_ram: 64, build: String(index) })
  })
}

function documentOf(id: string, given: Partial<ImageDocument>): ImageDocument {
  const createdAt = given.created_at ?? '2026-02-01T10:00:00Z'
  return {
    disk_format: 'qcow2',
    container_format: 'bare',
    name: null,
    status: 'active',
    visibility: 'private',
    owner: '',
    min_ram: 0,
    min_disk: 0,
    size: 123_456_789,
    created_at: createdAt,
    updated_at: createdAt,
    os_hidden: false,
    protected: false,
    tags: [],
    ...given,
    id,
  }
}

/** What a member of the project `demo` lists. */
export function listedForDemo(
  { demo }: Projects,
  documents: readonly ImageDocument[],
): readonly ImageDocument[] {
  const isAccepted = ({ members = [] }: ImageDocument) =>
    members.some(({ member_id, status }) => member_id === demo && status === 'accepted')
  return inListOrder(
    documents.filter(
      (image) =>
        !image.os_hidden &&
        (image.owner === demo ||
          image.visibility === 'public' ||
          (image.visibility === 'shared' && isAccepted(image))),
    ),
  )
}

/** What an administrator, whose project is `admin`, lists. */
export function listedForAdmin(
  { admin }: Projects,
  documents: readonly ImageDocument[],
): readonly ImageDocument[] {
  const isListed = ({ owner, visibility, os_hidden }: ImageDocument) =>
    !os_hidden && (owner === admin || visibility !== 'community')
  return inListOrder(documents.filter(isListed))
}

/** Newest first, ties by id from the highest. */
function inListOrder(images: readonly ImageDocument[]): readonly ImageDocument[] {
  const key = ({ created_at, id }: ImageDocument) => `${created_at} ${id}`
  return [...images].sort((a, b) => (key(a) < key(b) ? 1 : -1))
}
