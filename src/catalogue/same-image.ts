import { isDeepStrictEqual } from 'node:util'
import type { Image } from '../image/image.ts'

/** Whether two records say the same, the order of free properties included. */
export function isSameImage(a: Image, b: Image): boolean {
  return (
    isDeepStrictEqual(a, b) && isDeepStrictEqual([...a.properties.keys()], [...b.properties.keys()])
  )
}
