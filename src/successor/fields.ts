/** How a field of an image is found in the answer of the Image API. Mirrors nova/image/glance.py (_translate_from_glance). */
export interface FieldMapping {
  readonly compute: string
  readonly image: string
  readonly note?: string
}

export const FIELDS: readonly FieldMapping[] = [
  { compute: 'id', image: 'id' },
  { compute: 'name', image: 'name' },
  {
    compute: 'status',
    image: 'status',
    note:
      'ACTIVE is active; SAVING is queued or saving; ERROR is killed; DELETED is deleted or pending_delete; ' +
      'UNKNOWN is deactivated, uploading or importing',
  },
  {
    compute: 'progress',
    image: '(none)',
    note: 'from the status: active 100, saving 50, queued 25, all others 0',
  },
  { compute: 'created', image: 'created_at' },
  { compute: 'updated', image: 'updated_at' },
  { compute: 'minRam', image: 'min_ram', note: 'MiB' },
  { compute: 'minDisk', image: 'min_disk', note: 'GiB' },
  {
    compute: 'OS-EXT-IMG-SIZE:size',
    image: 'size',
    note: 'bytes; null, where Compute says 0, as long as there is no data',
  },
  {
    compute: 'metadata.KEY',
    image: 'KEY',
    note: 'every field that the Image API does not define itself is a property',
  },
  { compute: 'server.id', image: 'instance_uuid' },
  {
    compute: 'OS-DCF:diskConfig',
    image: 'auto_disk_config',
    note: 'AUTO is True, MANUAL is False',
  },
  { compute: 'links', image: 'self, file, schema' },
  { compute: 'images_links (next)', image: 'next' },
]
