import { randomUUID } from 'node:crypto'
import type { ImageDocument } from '../fixture.ts'

export type Pick = <T>(from: readonly T[]) => T

export function picker(next: () => number): Pick {
  return (from) => {
    const picked = from[Math.floor(next() * from.length)]
    if (picked === undefined) throw new Error('nothing to pick from')
    return picked
  }
}

/** Values that a language, a shell or the Image service may misread. */
const NAMES = [
  'plain',
  'in:plain,other',
  '-n',
  "it's",
  'a "quoted" one',
  'back\\slash\\b',
  '$HOME `id` %{y}',
  'größe ☃ 😀',
  'plus+ & = ; % # ?',
  'line\nbreak\ttab',
] as const
const STATUSES = ['active', 'active', 'queued', 'saving', 'killed', 'deactivated'] as const
const PROPERTIES = {
  os_distro: ['debian', 'rocky', ...NAMES],
  hw_cpu_cores: ['4', '04'],
  image_type: ['snapshot', 'image'],
  'odd key/~': ['x', 'plain'],
  'a=b': ['x'],
  size_min: ['1'],
  __os_type: ['Linux', 'Windows'],
} as const
const UPDATED = ['2024-03-01T00:00:00Z', '2025-07-01T12:30:00Z', '2026-01-02T03:04:05Z'] as const
const MIN_RAM_MIB = [0, 512, 2048] as const
const MIN_DISK_GIB = [0, 10] as const

/** Images that differ in everything a list can ask for. */
export function randomDocuments(count: number, owner: string, pick: Pick): ImageDocument[] {
  return Array.from({ length: count }, () => {
    const created = '2024-02-01T00:00:00Z'
    const keys = Object.keys(PROPERTIES) as (keyof typeof PROPERTIES)[]
    const kept = keys.filter(() => pick([true, false]))
    return {
      id: randomUUID(),
      name: pick(NAMES),
      status: pick(STATUSES),
      visibility: pick(['private', 'public', 'shared']),
      owner,
      min_ram: pick(MIN_RAM_MIB),
      min_disk: pick(MIN_DISK_GIB),
      size: null,
      created_at: created,
      updated_at: pick(UPDATED),
      os_hidden: false,
      protected: false,
      disk_format: 'qcow2',
      container_format: 'bare',
      ...Object.fromEntries(kept.map((key) => [key, pick<string>(PROPERTIES[key])])),
    }
  })
}

/** The query string of a Compute list. */
export function randomQuery(ids: readonly string[], pick: Pick): string {
  const query = new URLSearchParams()
  const perhaps = (one: number, add: () => void) => {
    if (pick(Array.from({ length: one }, (_, n) => n)) === 0) add()
  }
  perhaps(3, () => query.set('name', pick([...NAMES, 'nobody', ''])))
  perhaps(3, () => query.set('status', pick(['ACTIVE', 'saving', 'queued', 'ERROR', 'nonsense'])))
  perhaps(4, () => query.set('changes-since', pick([...UPDATED, '2024-01-01T00:00:00+05:00'])))
  perhaps(4, () => query.set('minRam', pick([...MIN_RAM_MIB.map(String), '7', 'abc'])))
  perhaps(5, () => query.set('minDisk', pick([...MIN_DISK_GIB.map(String), '-1'])))
  perhaps(6, () => query.set('type', pick(['snapshot', 'image'])))
  perhaps(4, () => {
    const key = pick(Object.keys(PROPERTIES) as (keyof typeof PROPERTIES)[])
    query.set(`property-${key}`, pick<string>([...PROPERTIES[key], '']))
  })
  perhaps(4, () => query.set('limit', pick(['1', '3', '20'])))
  perhaps(5, () => query.set('marker', pick(ids)))
  return query.toString()
}
