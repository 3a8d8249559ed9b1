import {
  MINIMUM_MAX,
  PROPERTY_NAME_CHARACTERS_MAX,
  PROPERTY_VALUE_BYTES_MAX,
} from '../../image/document.ts'
import type { Image, PropertyValue, Visibility } from '../../image/image.ts'
import { mayChangeFormats } from '../../image/transitions.ts'
import { said } from '../request/said.ts'
import { ImageFault } from './faults.ts'

/**
 * The fields of an image that a caller may write, by the Image service's names, and what setting
 * one means. Values have passed `checkFields`. Mirrors glance/domain/__init__.py (Image).
 */

/** Glance's image_property_quota and image_tag_quota. */
export const PROPERTIES_MAX = 128
export const TAGS_MAX = 128

type Setter = (image: Image, value: unknown) => Image

const SETTERS: Readonly<Record<string, Setter>> = {
  name: (image, value) => ({ ...image, name: value as string | null }),
  visibility: (image, value) => ({ ...image, visibility: value as Visibility }),
  protected: (image, value) => ({ ...image, isProtected: value as boolean }),
  os_hidden: (image, value) => ({ ...image, isHidden: value as boolean }),
  owner: (image, value) => ({ ...image, owner: (value as string | null) || null }),
  tags: (image, value) => withTags(image, value as readonly string[]),
  min_ram: (image, value) => ({ ...image, minRamMib: minimum('min_ram', value as number) }),
  min_disk: (image, value) => ({ ...image, minDiskGib: minimum('min_disk', value as number) }),
  disk_format: (image, value) => {
    checkFormatFree(image, 'disk_format')
    return { ...image, diskFormat: value as string | null }
  },
  container_format: (image, value) => {
    checkFormatFree(image, 'container_format')
    return { ...image, containerFormat: value as string | null }
  },
}

export function isField(name: string): boolean {
  return Object.hasOwn(SETTERS, name)
}

/** An image whose free properties may be changed in place, any number of times. */
export interface WorkingCopy extends Image {
  readonly properties: Map<string, PropertyValue>
}

export function workingCopyOf(image: Image): WorkingCopy {
  return { ...image, properties: new Map(image.properties) }
}

/** The copy with a field or a free property set. @throws ImageFault */
export function withField(copy: WorkingCopy, name: string, value: unknown): WorkingCopy {
  const setter = Object.hasOwn(SETTERS, name) ? SETTERS[name] : undefined
  const { properties } = copy
  if (setter !== undefined) return { ...setter(copy, value), properties }
  checkProperty(name, value as PropertyValue)
  properties.set(name, value as PropertyValue)
  return copy
}

/** @throws ImageFault 'limit.exceeded' */
export function withTags(image: Image, tags: readonly string[]): Image {
  const sorted = [...new Set(tags)].sort()
  if (sorted.length > TAGS_MAX) throw tooMany('tags', sorted.length, TAGS_MAX)
  return { ...image, tags: sorted }
}

const RESERVED_PROPERTIES = 'os_glance_'

/** Names with this prefix belong to the service (glance/api/common.py, GLANCE_RESERVED_NS). */
export function isReservedProperty(name: string): boolean {
  return name.startsWith(RESERVED_PROPERTIES)
}

/** A field that the service alone writes. */
export function readOnly(name: string): ImageFault {
  return new ImageFault('field.forbidden', said`Attribute '${name}' is read-only.`)
}

/** Mirrors glance/quota/__init__.py (_enforce_image_property_quota). @throws ImageFault */
export function checkPropertyCount(image: Image): void {
  const count = [...image.properties.keys()].filter((name) => !isReservedProperty(name)).length
  if (count > PROPERTIES_MAX) throw tooMany('properties', count, PROPERTIES_MAX)
}

function tooMany(what: string, attempted: number, maximum: number): ImageFault {
  return new ImageFault('limit.exceeded', limitMessage(what, attempted, maximum))
}

export function limitMessage(what: string, attempted: number, maximum: number): string {
  return `The limit has been exceeded on the number of allowed image ${what}. Attempted: ${attempted}, Maximum: ${maximum}`
}

function minimum(name: string, value: number): number {
  if (value < 0) {
    throw new ImageFault(
      'field.invalid',
      said`Invalid value '${value}' for parameter '${name}': Cannot be a negative value`,
    )
  }
  if (value > MINIMUM_MAX) {
    throw new ImageFault(
      'field.invalid',
      `'${name}' value out of range, must not exceed ${MINIMUM_MAX}.`,
    )
  }
  return value || 0 // not -0
}

function checkFormatFree(image: Image, name: string): void {
  if (mayChangeFormats(image)) return
  throw new ImageFault(
    'state.forbidden',
    `Attribute ${name} can be only replaced for a queued image.`,
  )
}

/** What the catalogue could not give back as it was written. */
function checkProperty(name: string, value: PropertyValue): void {
  if (name === '' || [...name].length > PROPERTY_NAME_CHARACTERS_MAX) {
    throw new ImageFault(
      'field.invalid',
      `The name of a property must have 1 to ${PROPERTY_NAME_CHARACTERS_MAX} characters.`,
    )
  }
  if (value !== null && Buffer.byteLength(value) > PROPERTY_VALUE_BYTES_MAX) {
    throw new ImageFault(
      'field.invalid',
      said`The property '${name}' is longer than ${PROPERTY_VALUE_BYTES_MAX} bytes.`,
    )
  }
}
