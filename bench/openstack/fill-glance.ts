import { randomUUID } from 'node:crypto'
import {
  type GlanceDatabase,
  type TableRow,
  timeColumn,
} from '../../suites/openstack/glance-database.ts'

const START_SECONDS = Date.parse('2026-01-01T00:00:00Z') / 1000
const STEP_SECONDS = 60
const PROPERTIES = 8

/** Adds active private images of the project until there are so many. @returns all ids, newest first */
export function fillGlance(
  database: GlanceDatabase,
  count: number,
  project: string,
): readonly string[] {
  const rows: TableRow[] = []
  for (let index = database.ids().length; index < count; index += 1) {
    rows.push(...rowsOf(index, project))
  }
  database.put(rows)
  return database.ids()
}

function rowsOf(index: number, project: string): readonly TableRow[] {
  const id = randomUUID()
  const time = timeColumn(START_SECONDS + index * STEP_SECONDS)
  const times = { created_at: time, updated_at: time, deleted: 0 }
  const size = 1_000_000 + index
  const sum = index.toString(16).padStart(32, '0')
  const image: TableRow['values'] = {
    ...{ id, name: `image-${index}`, status: 'active', owner: project, visibility: 'private' },
    ...{ size, virtual_size: size, min_disk: 10, min_ram: 512, protected: 0, os_hidden: 0 },
    ...{ disk_format: 'qcow2', container_format: 'bare', checksum: sum },
    ...{ os_hash_algo: 'sha512', os_hash_value: sum.repeat(4) },
    ...times,
  }
  const properties = Array.from({ length: PROPERTIES }, (_, key): TableRow => {
    const property = { name: `bench_property_${key}`, value: `value-${index % 10}-${key}` }
    return { table: 'image_properties', values: { image_id: id, ...property, ...times } }
  })
  return [{ table: 'images', values: image }, ...properties]
}
