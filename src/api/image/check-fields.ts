import { said } from '../request/said.ts'
import { ImageFault } from './faults.ts'
import { IMAGE_PROPERTIES, type PropertySchema, UUID } from './schemas.ts'

/**
 * Whether what a caller writes fits the image schema. Mirrors glance/schema.py (Schema.validate);
 * a message names the first thing that is wrong, and the field.
 */

/**
 * The formats that may be written. The schema names none, since imported images may have others.
 * Mirrors the defaults in glance/common/config.py (image_format).
 */
const NARROWER: Readonly<Record<string, Pick<PropertySchema, 'pattern'> & { enum?: Words }>> = {
  container_format: {
    enum: [null, 'ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'],
  },
  disk_format: {
    enum: [null, 'ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop'],
  },
  kernel_id: { pattern: UUID },
  ramdisk_id: { pattern: UUID },
  cinder_encryption_key_deletion_policy: { enum: ['on_image_deletion', 'do_not_delete'] },
}
type Words = readonly (string | null)[]

/** A property that the schema does not name. */
const FREE: PropertySchema = { type: 'string', description: '' }

/** @param fields by the Image service's names. @throws ImageFault 'field.invalid' */
export function checkFields(fields: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(fields)) {
    const schema = Object.hasOwn(IMAGE_PROPERTIES, name) ? IMAGE_PROPERTIES[name] : FREE
    const problem = problemOf(value, {
      ...(schema ?? FREE),
      ...(Object.hasOwn(NARROWER, name) ? NARROWER[name] : {}),
    })
    if (problem === undefined) continue
    throw new ImageFault(
      'field.invalid',
      said`Provided object does not match schema 'image': ${problem} (in '${name}')`,
    )
  }
}

type Rules = Pick<PropertySchema, 'type' | 'maxLength' | 'pattern' | 'items'> & { enum?: Words }

function problemOf(value: unknown, rules: Rules): string | undefined {
  const types = [rules.type].flat()
  if (!types.some((type) => isOfType(value, type))) {
    return `${show(value)} is not of type ${types.map((type) => `'${type}'`).join(', ')}`
  }
  if (rules.enum !== undefined && !rules.enum.some((word) => word === value)) {
    return `${show(value)} is not one of [${rules.enum.map(show).join(', ')}]`
  }
  if (typeof value === 'string') return problemOfText(value, rules)
  if (!Array.isArray(value) || rules.items === undefined) return undefined
  for (const item of value) {
    const problem = problemOf(item, rules.items as Rules)
    if (problem !== undefined) return problem
  }
  return undefined
}

function problemOfText(value: string, { maxLength, pattern }: Rules): string | undefined {
  if (maxLength !== undefined && value.length > maxLength && [...value].length > maxLength) {
    return `${show(value)} is too long, the longest is ${maxLength} characters`
  }
  if (pattern !== undefined && !new RegExp(pattern).test(value)) {
    return `${show(value)} does not match '${pattern}'`
  }
  return undefined
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'integer':
      return Number.isInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    default:
      return typeof value === type
  }
}

const SHOWN_CHARACTERS_MAX = 100

/** As Python shows it, as far as that is simple. */
function show(value: unknown): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  const text = typeof value === 'string' ? `'${value}'` : JSON.stringify(value)
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}...` : text
}
