import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const START_MS = Date.parse('2026-01-01T00:00:00Z')
const STEP_MS = 60_000
const PROPERTIES = 8
const TABLES = [
  'image_properties',
  'image_tags',
  'image_members',
  'image_locations',
  'images',
] as const

/**
 * Glance's own database, written to directly: through its API ten thousand images take minutes, and
 * a list reads the same rows either way.
 */
export function glanceDatabase(stateFolder: string): DatabaseSync {
  return new DatabaseSync(join(stateFolder, 'glance/glance.sqlite'), { timeout: 30_000 })
}

export function emptyGlance(database: DatabaseSync): void {
  for (const table of TABLES) database.exec(`DELETE FROM ${table}`)
}

/** Adds active private images of the project until there are so many. @returns all ids, newest first */
export function fillGlance(
  database: DatabaseSync,
  count: number,
  project: string,
): readonly string[] {
  const { images: there } = database.prepare('SELECT count(*) AS images FROM images').get() as {
    images: number
  }
  const addImage = database.prepare(
    `INSERT INTO images (id, name, size, status, created_at, updated_at, deleted, disk_format,
       container_format, checksum, owner, min_disk, min_ram, protected, virtual_size, visibility,
       os_hidden, os_hash_algo, os_hash_value)
     VALUES (?, ?, ?, 'active', ?, ?, 0, 'qcow2', 'bare', ?, ?, 10, 512, 0, ?, 'private', 0,
       'sha512', ?)`,
  )
  const addProperty = database.prepare(
    `INSERT INTO image_properties (image_id, name, value, created_at, updated_at, deleted)
     VALUES (?, ?, ?, ?, ?, 0)`,
  )
  database.exec('BEGIN IMMEDIATE')
  for (let index = there; index < count; index += 1) {
    const id = randomUUID()
    const [day, second] = new Date(START_MS + index * STEP_MS).toISOString().split(/[T.]/)
    const time = `${day} ${second}.000000` // as SQLAlchemy writes it, which compares it as text
    const size = 1_000_000 + index
    const sum = index.toString(16).padStart(32, '0')
    addImage.run(id, `image-${index}`, size, time, time, sum, project, size, sum.repeat(4))
    for (let key = 0; key < PROPERTIES; key += 1) {
      addProperty.run(id, `bench_property_${key}`, `value-${index % 10}-${key}`, time, time)
    }
  }
  database.exec('COMMIT')
  const rows = database.prepare('SELECT id FROM images ORDER BY created_at DESC, id DESC').all()
  return rows.map((row) => String(row['id']))
}
