import type { Answer, Endpoint } from './endpoint.ts'

/** One thing that is not the same in two answers. */
export interface Problem {
  /** `status`, `header:NAME`, `body`, or a path in the body such as `body.images.0.name`. */
  readonly where: string
  readonly a: unknown
  readonly b: unknown
}

/** Headers whose value is part of the answer. */
const HEADERS = [
  'content-type',
  'openstack-api-version',
  'x-openstack-nova-api-version',
  'www-authenticate',
  'location',
]
const REQUEST_ID_HEADERS = ['x-openstack-request-id', 'x-compute-request-id']
const REQUEST_ID = /req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** An answer as it is compared: without what is different in any two answers. */
export interface Normal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** The endpoint's own address becomes `{base}`, a request id `req-{uuid}`. */
export function normalise(answer: Answer, { origin, prefix, host }: Endpoint): Normal {
  const { protocol } = new URL(origin)
  const bases = [`${protocol}//${host}${prefix}`, origin + prefix]
  const plain = (text: string) =>
    bases
      .reduce((left, base) => left.replaceAll(base, '{base}'), text)
      .replace(REQUEST_ID, 'req-{uuid}')
  const headers = Object.entries(answer.headers).map(([name, value]) => [name, plain(value)])
  return {
    status: answer.status,
    headers: Object.fromEntries(headers),
    text: answer.status === 0 ? '' : plain(answer.text),
  }
}

/** Everything in which `b` does not answer as `a` does. */
export function problemsOf(a: Normal, b: Normal): readonly Problem[] {
  const problems: Problem[] = []
  const add = (where: string, left: unknown, right: unknown) =>
    problems.push({ where, a: left, b: right })
  if (a.status !== b.status) add('status', a.status, b.status)
  if (a.status === 0 || b.status === 0) return problems
  for (const name of HEADERS) {
    const [left = '', right = ''] = [a.headers[name], b.headers[name]]
    if (left !== right) add(`header:${name}`, left, right)
  }
  for (const name of REQUEST_ID_HEADERS) {
    const [left, right] = [a.headers[name] !== undefined, b.headers[name] !== undefined]
    if (left && !right) add(`header:${name}`, 'req-{uuid}', undefined)
  }
  // More in Vary is safe: caches keep answers apart that could have been one.
  const vary = words(b.headers['vary'] ?? '')
  for (const word of words(a.headers['vary'] ?? '')) {
    if (!vary.includes(word)) add('header:vary', word, undefined)
  }
  compareBodies(a.text, b.text, add)
  return problems
}

function words(value: string): readonly string[] {
  return value
    .toLowerCase()
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}

type Add = (where: string, a: unknown, b: unknown) => void

function compareBodies(a: string, b: string, add: Add): void {
  if (a === b) return
  const [left, right] = [parse(a), parse(b)]
  if (left === undefined || right === undefined) add('body', a, b)
  else compareValues('body', left, right, add)
}

function compareValues(where: string, a: unknown, b: unknown, add: Add): void {
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) {
    for (const [index, value] of a.entries()) {
      compareValues(`${where}.${index}`, value, b[index], add)
    }
  } else if (isRecord(a) && isRecord(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      compareValues(`${where}.${key}`, a[key], b[key], add)
    }
  } else if (JSON.stringify(a) !== JSON.stringify(b)) add(where, a, b)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** undefined where the text is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
