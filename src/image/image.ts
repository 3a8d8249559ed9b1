/**
 * The image record: what a catalogue holds about one image.
 *
 * Field names follow the Image service; numbers carry their unit. A record is never changed in
 * place: a write makes a new one, so a face may keep what it printed for a record.
 */

/** The Image service's status words. Mirrors glance/db/sqlalchemy/models.py and domain/__init__.py. */
export const GLANCE_STATUSES = [
  'queued',
  'saving',
  'active',
  'killed',
  'deleted',
  'pending_delete',
  'deactivated',
  'uploading',
  'importing',
] as const
export type GlanceStatus = (typeof GLANCE_STATUSES)[number]

export const VISIBILITIES = ['public', 'private', 'shared', 'community'] as const
export type Visibility = (typeof VISIBILITIES)[number]

export const MEMBER_STATUSES = ['pending', 'accepted', 'rejected'] as const
export type MemberStatus = (typeof MEMBER_STATUSES)[number]

/** A project that a shared image was offered to. */
export interface Member {
  /** The project's id. */
  readonly project: string
  readonly status: MemberStatus
  /** Unix seconds. */
  readonly createdAt: number
  /** Unix seconds. */
  readonly updatedAt: number
}

/** The Image service holds text or nothing; it never holds numbers. */
export type PropertyValue = string | null

export interface Image {
  /** A UUID in its canonical lower-case form. */
  readonly id: string
  readonly name: string | null
  readonly status: GlanceStatus
  readonly visibility: Visibility
  /** The owning project's id. */
  readonly owner: string | null
  readonly isHidden: boolean
  readonly isProtected: boolean
  readonly minRamMib: number
  readonly minDiskGib: number
  /** null until the image has data. */
  readonly sizeBytes: number | null
  readonly virtualSizeBytes: number | null
  readonly diskFormat: string | null
  readonly containerFormat: string | null
  /** MD5 of the data, lower-case hex. */
  readonly checksum: string | null
  readonly hashAlgorithm: string | null
  readonly hashValue: string | null
  /** Unix seconds. */
  readonly createdAt: number
  /** Unix seconds. */
  readonly updatedAt: number
  /** Sorted, without repeats. */
  readonly tags: readonly string[]
  /**
   * Free properties: everything outside the Image service's base schema. In the order in which they
   * were first written.
   */
  readonly properties: ReadonlyMap<string, PropertyValue>
  /** Sorted by project id, one entry a project. */
  readonly members: readonly Member[]
}
