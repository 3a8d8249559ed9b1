/** Comparing what two answers hold, value by value. */

/** Takes one difference: a path such as `body.images.0.name`, and both values. */
export type Add = (where: string, a: unknown, b: unknown) => void

/** @param isSame judges values that are not two objects or two lists of the same length. */
export function compareValues(
  where: string,
  a: unknown,
  b: unknown,
  add: Add,
  isSame: (a: unknown, b: unknown) => boolean = isSameJson,
): void {
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) {
    for (const [index, value] of a.entries()) {
      compareValues(`${where}.${index}`, value, b[index], add, isSame)
    }
  } else if (isObject(a) && isObject(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      compareValues(`${where}.${key}`, a[key], b[key], add, isSame)
    }
  } else if (!isSame(a, b)) add(where, a, b)
}

export function isSameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** undefined where the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * `Vary` is compared as a set: more in the second is safe, since caches then only keep apart answers
 * that could have been one.
 */
export function compareVary(a: string, b: string, add: Add): void {
  const words = namesIn(b)
  for (const word of namesIn(a)) if (!words.includes(word)) add('header:vary', word, undefined)
}

function namesIn(header: string): readonly string[] {
  return header
    .toLowerCase()
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}
