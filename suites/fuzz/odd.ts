import type { Chance } from './chance.ts'

/** Values that programs often handle wrongly. None of them looks like a leak (see judge.ts). */

// biome-ignore format: a list to be read as one
const TEXTS = [
  '', ' ', '0', '-0', '-1', '+1', ' 1', '01', '1.5', '1e3', '0x10', '1_0', '٣', '9'.repeat(400),
  '9007199254740993', '-9007199254740993', '4294967296', '99999999999999999999', 'true', 'null',
  'active', 'ACTIVE', 'Saving', 'deleted', 'DELETED', 'UNKNOWN', 'killed', 'pending_delete', 'in:a,b',
  'gte:1', 'neq:x', 'eq:cirros', 'cirros', 'Ubuntu: 22.04', '%', '_', '*', "'", '"', '\\', '<b>', '&', ';',
  "' OR 1=1--", '$\x7bx}', '{{x}}', '../../etc', '..', '.', '/', '//', '__proto__', 'constructor', 'toString',
  '2026-11-23T18:20:02Z', '2026-11-23', '0001-01-01', '9999-12-31T23:59:59-23:59', '2026-13-01', '2016',
  '2026-11-23T18:20:02+02:00', '2026-11-23 18:20:02 02:00', '20261123T182010.5Z', '1700000000', '😀',
  '\u0000', '\n', '\r\nX: y', '\u2028', '\ufeff', '\u{10ffff}', 'e\u0301', 'ﬃ', 'İ', 'ß', 'x'.repeat(300),
  'x'.repeat(5000), 'é'.repeat(300), '☃'.repeat(1000), 'detail', 'metadata', 'images', 'v2.1',
]
const RAW = [
  '%',
  '%z',
  '%zz',
  '%2',
  '%ff',
  '%c0%af',
  '%ed%a0%80',
  '%00',
  '%0a',
  '%2F',
  '%2e%2e',
  '+',
  '%25',
  '%F0%9F',
]

export function oddText(chance: Chance): string {
  if (chance.is(85)) return chance.pick(TEXTS)
  const length = chance.is(90) ? chance.below(12) : chance.below(3000)
  return chance.times(length, () => oddCharacter(chance)).join('')
}

function oddCharacter(chance: Chance): string {
  if (chance.is(60)) return String.fromCharCode(32 + chance.below(95))
  if (chance.is(50)) return String.fromCharCode(chance.below(32))
  const point = chance.below(0x110000)
  return point >= 0xd800 && point < 0xe000 ? '\ufffd' : String.fromCodePoint(point)
}

/** A part of a URL, escaped correctly, incompletely or wrongly. */
export function urlPart(chance: Chance, text: string): string {
  if (chance.is(2)) return chance.pick(RAW)
  if (chance.is(1)) return text.replace(/[^!-~]/g, '').replace(/[#?]/g, '')
  const escaped = encodeURIComponent(text)
  return chance.is(90) ? escaped : escaped.replace(/[a-z]/g, (letter) => percent(chance, letter))
}

function percent(chance: Chance, letter: string): string {
  return chance.is(50) ? `%${letter.charCodeAt(0).toString(16)}` : letter
}

/** JSON that is very wrong, slightly wrong, or not JSON at all. */
export function oddBody(chance: Chance, good: string): Buffer {
  const kind = chance.below(12)
  if (kind === 0) return chance.bytes(chance.below(200))
  if (kind === 1) return Buffer.from(good, 'utf16le')
  if (kind === 2) return Buffer.from('['.repeat(chance.pick([1, 1000, 60_000])))
  if (kind === 3) return nested(chance, good)
  if (kind === 4) return Buffer.from(JSON.stringify(oddJson(chance, 4)))
  if (kind === 5) return Buffer.from(`\ufeff${good}`)
  if (kind === 6) return Buffer.from(good.slice(0, chance.below(good.length)))
  if (kind === 7)
    return Buffer.from(good.replace(/"/, `"${chance.pick(['\\ud800', '\\u0000', '\\', '\n'])}`))
  if (kind === 8) return Buffer.from(manyKeys(chance))
  return mutated(chance, Buffer.from(good))
}

function nested(chance: Chance, good: string): Buffer {
  const depth = chance.pick([10, 1000, 15_000])
  return Buffer.from(
    `{"${chance.pick(['meta', 'metadata', 'z'])}":`.repeat(depth).slice(0, 100_000) + good,
  )
}

function manyKeys(chance: Chance): string {
  const count = chance.pick([129, 1000, 5000])
  const items = Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']))
  return JSON.stringify({ metadata: items })
}

export function oddJson(chance: Chance, depth: number): unknown {
  const kind = chance.below(depth > 0 ? 7 : 5)
  if (kind === 0) return chance.pick([null, true, false, 0, -1, 1e300, 0.1])
  if (kind <= 4) return oddText(chance)
  if (kind === 5) return chance.times(chance.below(5), () => oddJson(chance, depth - 1))
  const keys = ['meta', 'metadata', 'auth', '__proto__', 'constructor', 'name', 'owner', 'status']
  const entries = chance.times(chance.below(6), () => [
    chance.is(70) ? chance.pick(keys) : oddText(chance),
    oddJson(chance, depth - 1),
  ])
  return Object.fromEntries(entries)
}

/** The text with some bytes changed, left out, doubled or added. */
export function mutated(chance: Chance, bytes: Buffer): Buffer {
  let result = bytes
  for (let i = chance.below(4); i >= 0; i -= 1) {
    const at = chance.below(result.length + 1)
    const end = at + chance.below(chance.is(80) ? 4 : 60)
    const put = chance.pick([
      chance.bytes(1),
      chance.bytes(3),
      result.subarray(at, end),
      Buffer.of(0),
      Buffer.of(10),
    ])
    result = Buffer.concat([result.subarray(0, at), put, result.subarray(chance.is(50) ? at : end)])
  }
  return result
}
