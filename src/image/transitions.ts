import type { GlanceStatus, Image } from './image.ts'

/**
 * Which status an image may go to from which. Mirrors glance/domain/__init__.py
 * (Image.valid_state_targets).
 */
const TARGETS: Readonly<Record<GlanceStatus, readonly GlanceStatus[]>> = {
  queued: ['saving', 'uploading', 'importing', 'active', 'deleted'],
  saving: ['active', 'killed', 'deleted', 'queued'],
  uploading: ['importing', 'queued', 'deleted'],
  importing: ['active', 'deleted', 'queued'],
  active: ['pending_delete', 'deleted', 'deactivated'],
  killed: ['deleted'],
  pending_delete: ['deleted', 'active'],
  deleted: [],
  deactivated: ['active', 'deleted'],
}

export function mayBecome(from: GlanceStatus, to: GlanceStatus): boolean {
  return TARGETS[from].includes(to)
}

/** What an image lacks before data can be saved in it, by the Image service's names. */
export function missingFormats(image: Image): readonly ('disk_format' | 'container_format')[] {
  const missing: ('disk_format' | 'container_format')[] = []
  if (image.diskFormat === null || image.diskFormat === '') missing.push('disk_format')
  if (image.containerFormat === null || image.containerFormat === '') {
    missing.push('container_format')
  }
  return missing
}

/** Whether the formats may still be chosen: not once there is data. Mirrors the same file. */
export function mayChangeFormats(image: Image): boolean {
  return image.status === 'queued' || image.status === 'importing'
}
