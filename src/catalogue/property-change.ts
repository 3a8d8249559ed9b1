import { BASE_PROPERTIES } from '../image/base-properties.ts'
import { PROPERTY_NAME_CHARACTERS_MAX, PROPERTY_VALUE_BYTES_MAX } from '../image/document.ts'
import type { Image, PropertyValue } from '../image/image.ts'
import type { PropertyChange } from './catalogue.ts'
import { CatalogueFault } from './faults.ts'

/**
 * The image after a change of its free properties. `updatedAt` moves to `now` (Unix seconds), also
 * when nothing else differs, as every save in Glance moves it, and never goes back.
 * @throws CatalogueFault 'property.unstorable', 'property.limit_exceeded'
 */
export function changedImage(image: Image, change: PropertyChange, now: number): Image {
  const properties = new Map(image.properties)
  for (const key of image.properties.keys()) {
    const goes = change.remove === 'all' ? !change.set.has(key) : change.remove.has(key)
    if (goes) properties.delete(key)
  }
  for (const [key, value] of change.set) {
    checkStorable(key, value)
    properties.set(key, value)
  }
  if (properties.size > change.propertiesMax) {
    throw new CatalogueFault('property.limit_exceeded', 'Image metadata limit exceeded')
  }
  return { ...image, properties, updatedAt: Math.max(image.updatedAt, now) }
}

/** Refuses what could not be read back unchanged as a free property. */
function checkStorable(key: string, value: PropertyValue): void {
  const problem = BASE_PROPERTIES.has(key)
    ? 'is a name of the image schema, not of a free property'
    : key === '' || [...key].length > PROPERTY_NAME_CHARACTERS_MAX
      ? `must have a name of 1 to ${PROPERTY_NAME_CHARACTERS_MAX} characters`
      : !key.isWellFormed() || value?.isWellFormed() === false
        ? 'is not well-formed Unicode'
        : value !== null && Buffer.byteLength(value) > PROPERTY_VALUE_BYTES_MAX
          ? `is longer than ${PROPERTY_VALUE_BYTES_MAX} bytes`
          : undefined
  if (problem === undefined) return
  throw new CatalogueFault('property.unstorable', `The property ${JSON.stringify(key)} ${problem}.`)
}
