import type { Answer, Endpoint } from './endpoint.ts'
import { type Add, compareValues, compareVary, parseJson } from './values.ts'

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

/** An answer without the parts that differ in any two answers. */
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
  compareVary(a.headers['vary'] ?? '', b.headers['vary'] ?? '', add)
  compareBodies(a.text, b.text, add)
  return problems
}

function compareBodies(a: string, b: string, add: Add): void {
  if (a === b) return
  const [left, right] = [parseJson(a), parseJson(b)]
  if (left === undefined || right === undefined) add('body', a, b)
  else compareValues('body', left, right, add)
}
