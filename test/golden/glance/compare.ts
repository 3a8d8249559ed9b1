import { compareValues, isObject } from '../../../src/cli/compare/values.ts'
import { type Placeholders, recordedBody } from './placeholders.ts'
import type { GlanceRecord } from './records.ts'
import { type Answer, headerOf } from './send.ts'

/** One difference from Glance's answer. */
export interface Problem {
  /** `status`, `header:NAME`, `body`, or a path in the body such as `body.images.0.name`. */
  readonly where: string
  readonly glance: unknown
  readonly ours: unknown
}

/** Afterimage's answer in the form in which Glance's is recorded. */
export interface NamedAnswer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: unknown
}

/** Headers whose value is part of the answer. */
const HEADERS = [
  'content-type',
  'location',
  'openstack-image-import-methods',
  'www-authenticate',
  'content-md5',
  'content-range',
  'accept-ranges',
] as const

export function nameAnswer(
  record: GlanceRecord,
  answer: Answer,
  placeholders: Placeholders,
): NamedAnswer {
  const isBrief = isObject(record.responseBody) && record.responseBody['$brief'] === true
  const body = recordedBody(answer.text, headerOf(answer, 'content-type'), !isBrief)
  return {
    status: answer.status,
    headers: new Map(
      answer.headers.map(([name, value]) => [name.toLowerCase(), placeholders.unfill(value)]),
    ),
    body: JSON.parse(placeholders.unfill(JSON.stringify(body))),
  }
}

/** All differences between an answer and the recorded one. */
export function compare(record: GlanceRecord, answer: NamedAnswer): readonly Problem[] {
  const problems: Problem[] = []
  const add = (where: string, glance: unknown, ours: unknown) =>
    problems.push({ where, glance, ours })
  if (record.status !== answer.status) add('status', record.status, answer.status)
  if (record.status === 0) return problems
  for (const name of headersOf(record)) {
    const glance = recordedHeader(record, name)
    const ours = answer.headers.get(name) ?? ''
    if (glance !== ours) add(`header:${name}`, glance, ours)
  }
  const requestId = answer.headers.get('x-openstack-request-id')
  if (requestId !== 'req-{uuid}') add('header:x-openstack-request-id', 'req-{uuid}', requestId)
  compareValues('body', record.responseBody, answer.body, add)
  return problems
}

/** The length too, where it is the image's and not that of a text about it. */
function headersOf(record: GlanceRecord): readonly string[] {
  const isData = record.path.endsWith('/file') && record.status >= 200 && record.status < 300
  return isData && record.method === 'GET' ? [...HEADERS, 'content-length'] : HEADERS
}

export function recordedHeader({ responseHeaders }: GlanceRecord, name: string): string {
  const found = responseHeaders.filter(([n]) => n.toLowerCase() === name)
  return found.map(([, value]) => value).join(', ')
}
