import type { ReadMethod, ReadRequest } from './requests.ts'
import type { SeenImage } from './seen-images.ts'

type Random = () => number

/** Mulberry32: small, and the same sequence everywhere for the same seed. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const STATUSES = ['ACTIVE', 'active', 'Active', 'SAVING', 'queued', 'UNKNOWN', 'ERROR', 'killed']
const COUNTS = ['0', '1', '2', '3', '5', '10', '25', '100', '1000', '+3', '-1', 'x', '', '1.5']
const AMOUNTS = ['0', '1', '10', '20', '512', '1024', 'x', '']
const TIMES = ['2000-01-01T00:00:00Z', '2100-01-01', 'none', '', '2026-02-30T00:00:00Z']
const MICROVERSIONS = ['2.1', '2.9', '2.35', '2.36', '2.38', '2.39', '2.93', '3.0', 'latest', 'x']

/** Random read-only requests about existing images: the same for the same seed. */
export function randomRequests(
  count: number,
  seed: number,
  seen: readonly SeenImage[],
): readonly ReadRequest[] {
  const random = randomFrom(seed)
  return Array.from({ length: count }, (_, index) => oneRequest(random, seen, index))
}

function oneRequest(random: Random, seen: readonly SeenImage[], index: number): ReadRequest {
  const version = pick(random, ['/v2', '/v2.1'])
  const images = chance(random, 0.95) ? `${version}/{project}/images` : `${version}/images`
  const headers: Record<string, string> = {}
  if (chance(random, 0.97)) headers['X-Auth-Token'] = chance(random, 0.98) ? '{token}' : 'none'
  if (chance(random, 0.15)) {
    const asked = pick(random, MICROVERSIONS)
    if (chance(random, 0.5)) headers['X-OpenStack-Nova-API-Version'] = asked
    else headers['OpenStack-API-Version'] = `compute ${asked}`
  }
  return {
    group: 'random',
    name: `random ${index + 1}`,
    method: pickMethod(random),
    path: images + pathAndQuery(random, seen),
    headers,
  }
}

function pickMethod(random: Random): ReadMethod {
  if (chance(random, 0.96)) return 'GET'
  return chance(random, 0.5) ? 'HEAD' : 'OPTIONS'
}

function pathAndQuery(random: Random, seen: readonly SeenImage[]): string {
  const image = seen.length === 0 ? undefined : pick(random, seen)
  if (chance(random, 0.15)) {
    const id = chance(random, 0.8) ? (image?.id ?? 'none') : `none-${Math.floor(random() * 1000)}`
    const key = pick(random, [...Object.keys(image?.metadata ?? {}), 'none'])
    const rest = pick(random, ['', '', '/metadata', `/metadata/${encodeURIComponent(key)}`])
    return `/${id}${rest}`
  }
  const parameters = Array.from({ length: Math.floor(random() * 4) }, () =>
    oneParameter(random, seen),
  )
  const query = parameters.length === 0 ? '' : `?${parameters.join('&')}`
  return (chance(random, 0.8) ? '/detail' : '') + query
}

function oneParameter(random: Random, seen: readonly SeenImage[]): string {
  const image = seen.length === 0 ? undefined : pick(random, seen)
  const metadata = Object.entries(image?.metadata ?? {})
  const makers: readonly (() => readonly [string, string])[] = [
    () => ['limit', pick(random, COUNTS)],
    () => ['marker', image?.id ?? 'none'],
    () => ['name', chance(random, 0.9) ? (image?.name ?? '') : 'none'],
    () => ['status', pick(random, STATUSES)],
    () => ['changes-since', pick(random, [image?.updated ?? '', image?.created ?? '', ...TIMES])],
    () => ['minRam', pick(random, [String(image?.minRam ?? 0), ...AMOUNTS])],
    () => ['minDisk', pick(random, [String(image?.minDisk ?? 0), ...AMOUNTS])],
    () => ['type', pick(random, ['snapshot', 'backup', 'none'])],
    () => ['server', image?.server ?? 'none'],
    () => {
      const [key, value] = metadata.length === 0 ? ['none', 'none'] : pick(random, metadata)
      return [`property-${key}`, typeof value === 'string' ? value : JSON.stringify(value)]
    },
    () => ['unknown', pick(random, COUNTS)],
  ]
  const [name, value] = pick(random, makers)()
  return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`
}

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new RangeError('nothing to pick from')
  return item
}

function chance(random: Random, probability: number): boolean {
  return random() < probability
}
