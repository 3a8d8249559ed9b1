import { randomUUID } from 'node:crypto'
import type { Chance } from '../fuzz/chance.ts'

/** A property of a schema that the service serves. */
export interface Schema {
  readonly type: string | readonly string[]
  readonly enum?: readonly (string | null)[]
  readonly maxLength?: number
  readonly pattern?: string
  readonly items?: Schema
  readonly readOnly?: boolean
}

export type Schemas = Readonly<Record<string, Schema>>

/** A free property, of which the schema says no more. */
const FREE: Schema = { type: 'string' }

const ODD_TEXTS = [
  ...['', ' ', 'x', '0', 'null', 'true', 'ü☃😀', 'a\nb', 'a\tb', '"', "'", '\\', '<b>&amp;', '%00'],
  ...['active', '../..', 'in:a,b', 'x'.repeat(255), 'x'.repeat(256), 'ü'.repeat(255), '\u2028'],
]
const NUMBERS = [0, 1, 512, 2 ** 31 - 1, 2 ** 31, -1, 1.5, 1e300, 2 ** 53]
const OTHERS: readonly unknown[] = [null, true, false, 7, 'text', [], ['x'], {}, { a: 1 }, [null]]

/** A value that fits the schema most of the time: every type, the edges, and what is just outside. */
export function valueFor(schema: Schema, chance: Chance): unknown {
  if (chance.is(8)) return chance.pick(OTHERS)
  const type = chance.pick([schema.type].flat())
  switch (type) {
    case 'null':
      return null
    case 'boolean':
      return chance.is(50)
    case 'integer':
      return chance.pick(NUMBERS)
    case 'array':
      return chance.times(chance.pick([0, 1, 2, 5, 129]), () =>
        chance.is(95) ? valueFor(schema.items ?? FREE, chance) : chance.pick(OTHERS),
      )
    case 'object':
      return { url: 'file:///etc/passwd', metadata: {} }
    default:
      return textFor(schema, chance)
  }
}

function textFor(schema: Schema, chance: Chance): string {
  if (schema.enum !== undefined && chance.is(80)) {
    return chance.pick(schema.enum.filter((word) => word !== null))
  }
  if (schema.pattern !== undefined && chance.is(70)) return uuidFrom(chance)
  if (schema.maxLength !== undefined && chance.is(15)) {
    return 'y'.repeat(schema.maxLength + chance.pick([-1, 0, 1]))
  }
  return chance.pick(ODD_TEXTS)
}

function uuidFrom(chance: Chance): string {
  if (chance.is(10)) return randomUUID().toUpperCase()
  const hex = chance.bytes(16).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const FREE_NAMES = [
  ...[
    'os_type',
    'hw_disk_bus',
    'a b',
    'a/b',
    'a~b',
    'ü',
    '__os_type',
    'x'.repeat(255),
    '__proto__',
  ],
  ...[
    'constructor',
    'members',
    'x'.repeat(256),
    '',
    'os_glance_x',
    'block_device_mapping',
    '..',
    '.',
  ],
]

/** Some properties of the schema and some free ones. */
export function objectFor(
  schemas: Schemas,
  chance: Chance,
  fieldsMax = 4,
): Record<string, unknown> {
  const names = Object.keys(schemas)
  const writable = names.filter((name) => schemas[name]?.readOnly !== true)
  const entries = chance.times(chance.below(fieldsMax) + 1, () => {
    const kind = chance.below(100)
    const name = chance.pick(kind < 60 ? writable : kind < 70 ? names : FREE_NAMES)
    return [name, valueFor(schemaOf(schemas, name), chance)] as const
  })
  return Object.fromEntries(entries)
}

export function schemaOf(schemas: Schemas, name: string): Schema {
  return (Object.hasOwn(schemas, name) ? schemas[name] : undefined) ?? FREE
}
