import {
  type Add,
  compareValues,
  compareVary,
  isObject,
  isSameJson,
  parseJson,
} from '../../src/cli/compare/values.ts'
import { fillProjects, type GoldenRecord } from './records.ts'

/** What Afterimage answered. */
export interface Answer {
  readonly status: number
  /** Lower-case names; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** One difference from Nova's answer. */
export interface Problem {
  /** `status`, `header:NAME`, `body`, or a path in the body such as `body.images.0.name`. */
  readonly where: string
  readonly nova: unknown
  readonly ours: unknown
}

/** Headers whose value is part of the answer. `vary` is compared as a set. */
const HEADERS = [
  'content-type',
  'openstack-api-version',
  'x-openstack-nova-api-version',
  'www-authenticate',
] as const

export interface Addresses {
  readonly base: string
  readonly host: string
  readonly glance: string
  readonly keystone: string
}

/** Fills every placeholder that has one value; `{time}` and request ids stay wildcards. */
export function fill(
  text: string,
  placeholders: ReadonlyMap<string, string>,
  addresses: Addresses,
): string {
  let filled = fillProjects(text)
  for (const [name, value] of placeholders) filled = filled.replaceAll(name, value)
  return filled
    .replaceAll('{base}', addresses.base)
    .replaceAll('{host}', addresses.host)
    .replaceAll('{glance}', addresses.glance)
    .replaceAll('{keystone}', addresses.keystone)
}

/** All differences between an answer and the recorded one. */
export function compare(
  record: GoldenRecord,
  answer: Answer,
  placeholders: ReadonlyMap<string, string>,
  addresses: Addresses,
): readonly Problem[] {
  const problems: Problem[] = []
  const add = (where: string, nova: unknown, ours: unknown) => problems.push({ where, nova, ours })
  if (record.status !== answer.status) add('status', record.status, answer.status)
  if (record.status === 0) return problems
  const recorded = (name: string) =>
    record.responseHeaders
      .filter(([n]) => n.toLowerCase() === name)
      .map(([, v]) => fill(v, placeholders, addresses))
      .join(',')
  for (const name of HEADERS) {
    const ours = answer.headers[name] ?? ''
    if (recorded(name) !== ours) add(`header:${name}`, recorded(name), ours)
  }
  for (const name of ['x-openstack-request-id', 'x-compute-request-id']) {
    if (!/^req-[0-9a-f-]{36}$/.test(answer.headers[name] ?? '')) {
      add(`header:${name}`, 'req-{uuid}', answer.headers[name])
    }
  }
  compareVary(recorded('vary'), answer.headers['vary'] ?? '', add)
  if (record.method !== 'HEAD') compareBody(record, answer, placeholders, addresses, add)
  else if (answer.text !== '') add('body', '', answer.text)
  return problems
}

function compareBody(
  record: GoldenRecord,
  answer: Answer,
  placeholders: ReadonlyMap<string, string>,
  addresses: Addresses,
  add: Add,
): void {
  const nova = record.responseBody
  if (typeof nova === 'string' && !nova.startsWith("{'images': [")) {
    if (nova !== answer.text) add('body', nova, answer.text)
    return
  }
  const ours = parseJson(answer.text)
  if (ours === undefined) {
    add('body', nova, answer.text)
    return
  }
  if (typeof nova === 'string') {
    // A long list, recorded as the beginning of its brief form in Python's notation.
    const labels = briefList(ours, placeholders) ?? []
    const python = `{'images': [${labels.map((l) => `'${l}'`).join(', ')}]`
    if (!python.startsWith(nova) && !nova.startsWith(python)) add('body', nova, python)
    return
  }
  const filled = JSON.parse(fill(JSON.stringify(nova), placeholders, addresses)) as unknown
  if (isObject(filled) && filled['$brief'] === true) {
    const { $brief: _, ...rest } = filled
    compareValues('body', rest, withBriefImages(ours), add, isSame)
    return
  }
  compareValues('body', filled, ours, add, isSame)
}

/** A list with each image replaced by its id. */
function withBriefImages(body: unknown): unknown {
  if (!isObject(body) || !Array.isArray(body['images'])) return body
  return { ...body, images: body['images'].map((i) => (isObject(i) ? i['id'] : i)) }
}

function briefList(
  body: unknown,
  placeholders: ReadonlyMap<string, string>,
): readonly string[] | undefined {
  if (!isObject(body) || !Array.isArray(body['images'])) return undefined
  const labels = new Map([...placeholders].map(([label, id]) => [id, label]))
  return body['images'].map((i) => labels.get(String(isObject(i) ? i['id'] : '')) ?? '?')
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

function isSame(nova: unknown, ours: unknown): boolean {
  if (nova === '{time}') return typeof ours === 'string' && TIME.test(ours)
  return isSameJson(nova, ours)
}
