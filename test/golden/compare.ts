import { fillProjects, type GoldenRecord } from './records.ts'

/** What Afterimage answered. */
export interface Answer {
  readonly status: number
  /** Lower-case names; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** One thing that is not as Nova had it. */
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

/** Everything in which an answer is not the recorded one. */
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
  const ourVary = words(answer.headers['vary'] ?? '')
  for (const word of words(recorded('vary'))) {
    if (!ourVary.includes(word)) add('header:vary', word, ourVary)
  }
  if (record.method !== 'HEAD') compareBody(record, answer, placeholders, addresses, add)
  else if (answer.text !== '') add('body', '', answer.text)
  return problems
}

function words(value: string): readonly string[] {
  return value
    .toLowerCase()
    .split(',')
    .map((w) => w.trim())
    .filter((w) => w !== '')
}

type Add = (where: string, nova: unknown, ours: unknown) => void

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
  const ours = parse(answer.text)
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
    compareValues('body', rest, withBriefImages(ours), add)
    return
  }
  compareValues('body', filled, ours, add)
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

function compareValues(where: string, nova: unknown, ours: unknown, add: Add): void {
  if (Array.isArray(nova) && Array.isArray(ours) && nova.length === ours.length) {
    for (const [i, value] of nova.entries()) compareValues(`${where}.${i}`, value, ours[i], add)
  } else if (isObject(nova) && isObject(ours)) {
    for (const key of new Set([...Object.keys(nova), ...Object.keys(ours)])) {
      compareValues(`${where}.${key}`, nova[key], ours[key], add)
    }
  } else if (!isSame(nova, ours)) add(where, nova, ours)
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

function isSame(nova: unknown, ours: unknown): boolean {
  if (nova === '{time}') return typeof ours === 'string' && TIME.test(ours)
  if (typeof nova === 'object' && nova !== null)
    return JSON.stringify(nova) === JSON.stringify(ours)
  return nova === ours
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
