import { GLANCE_STATUSES, type GlanceStatus } from './image.ts'

/** The Compute API's status words. Mirrors nova/api/openstack/compute/views/images.py (_get_status). */
export type ComputeStatus = 'ACTIVE' | 'SAVING' | 'ERROR' | 'DELETED' | 'UNKNOWN'

interface Shown {
  readonly status: ComputeStatus
  readonly progressPercent: 0 | 25 | 50 | 100
}

/** How each Glance status shows. Mirrors _get_status and _get_progress of the same file. */
const SHOWN: Readonly<Record<GlanceStatus, Shown>> = {
  active: { status: 'ACTIVE', progressPercent: 100 },
  queued: { status: 'SAVING', progressPercent: 25 },
  saving: { status: 'SAVING', progressPercent: 50 },
  killed: { status: 'ERROR', progressPercent: 0 },
  deleted: { status: 'DELETED', progressPercent: 0 },
  pending_delete: { status: 'DELETED', progressPercent: 0 },
  deactivated: { status: 'UNKNOWN', progressPercent: 0 },
  uploading: { status: 'UNKNOWN', progressPercent: 0 },
  importing: { status: 'UNKNOWN', progressPercent: 0 },
}

/** The Compute word and progress that a Glance status is shown as. */
export function shownStatus(status: GlanceStatus): Shown {
  return SHOWN[status]
}

const COMPUTE_WORDS: ReadonlySet<string> = new Set(Object.values(SHOWN).map((s) => s.status))

/**
 * What a `status` filter asks for: Glance statuses (none: nothing matches), or one that is refused.
 */
export type AskedStatus =
  | { readonly kind: 'statuses'; readonly statuses: readonly GlanceStatus[] }
  | { readonly kind: 'unaskable' }

/** Folds ASCII only: a dotless i is not a letter of ACTIVE. */
function lowerAscii(word: string): string {
  return word.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/**
 * Reads a `status` filter; the case of ASCII letters does not matter. A Compute word means every
 * Glance status shown as that word; another Glance word means itself; `deleted` is refused; every
 * other word matches nothing, and so does `pending_delete`, since no list shows it.
 */
export function askedStatus(word: string): AskedStatus {
  const lower = lowerAscii(word)
  if (lower === 'deleted') return { kind: 'unaskable' }
  const upper = lower.replace(/[a-z]/g, (letter) => letter.toUpperCase())
  if (COMPUTE_WORDS.has(upper)) {
    return { kind: 'statuses', statuses: GLANCE_STATUSES.filter((s) => SHOWN[s].status === upper) }
  }
  if (lower === 'pending_delete') return { kind: 'statuses', statuses: [] }
  return { kind: 'statuses', statuses: GLANCE_STATUSES.filter((s) => s === lower) }
}
