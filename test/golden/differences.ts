import type { Addresses, Answer, Problem } from './compare.ts'
import { type GoldenRecord, PROJECTS } from './records.ts'

export interface Context {
  readonly record: GoldenRecord
  readonly answer: Answer
  readonly placeholders: ReadonlyMap<string, string>
  readonly addresses: Addresses
}

/** An intended difference from Nova; `docs/differences.md` says why. */
export interface Difference {
  readonly id: string
  /** Whether the problem is this difference and nothing more. */
  explains(problem: Problem, context: Context): boolean
}

/** What Afterimage must answer where it differs; fields that are not given are not compared. */
interface Expected {
  readonly status: number
  /** The one key of a fault's body. */
  readonly fault?: string
  readonly message?: string | RegExp
  /** The images of a list, by their labels in the recording. */
  readonly images?: readonly string[]
  readonly json?: unknown
}

/** The whole answer differs: every difference is explained if the answer is the expected one. */
function answered(
  id: string,
  when: (record: GoldenRecord) => boolean,
  expected: (record: GoldenRecord) => Expected,
): Difference {
  return {
    id,
    explains: (_problem, context) =>
      when(context.record) && isExpected(context, expected(context.record)),
  }
}

function isExpected({ answer, placeholders }: Context, expected: Expected): boolean {
  if (answer.status !== expected.status) return false
  const json = answer.text === '' ? undefined : JSON.parse(answer.text)
  if (expected.fault !== undefined) {
    const fault = json?.[expected.fault]
    if (fault?.code !== expected.status || Object.keys(json).length !== 1) return false
    if (answer.headers['content-type'] !== 'application/json; charset=UTF-8') return false
    const { message } = expected
    if (message instanceof RegExp && !message.test(fault.message)) return false
    if (typeof message === 'string' && fault.message !== message) return false
  }
  if (expected.images !== undefined) {
    const ids = expected.images.map((label) => placeholders.get(`{image:${label}}`))
    const given = json?.images?.map((image: { id: string }) => image.id)
    if (JSON.stringify(given) !== JSON.stringify(ids)) return false
  }
  return expected.json === undefined || JSON.stringify(json) === JSON.stringify(expected.json)
}

const query = ({ path }: GoldenRecord) => path.split('?').slice(1).join('?')
const asks = (pattern: RegExp) => (record: GoldenRecord) => pattern.test(query(record))
const badRequest = (message?: string | RegExp): Expected => ({
  status: 400,
  fault: 'badRequest',
  ...(message === undefined ? {} : { message }),
})
const novaFailed = (python: string) => (record: GoldenRecord) =>
  record.status === 500 && JSON.stringify(record.responseBody).includes(python)
const isWebobPage = ({ responseBody }: GoldenRecord) =>
  typeof responseBody === 'string'
    ? /^(\d{3} |<html>)/.test(responseBody)
    : typeof (responseBody as { code?: unknown }).code === 'string'

const ALTERNATE = /links\.2\.href$/

/** Which images each filter finds here, where Nova finds others. */
const FOUND: Readonly<Record<string, readonly string[]>> = {
  'name=in:plain': [],
  'name=in:plain,twin': [],
  'name=in:a,b': ['operator'],
  'name=eq:in:a,b': [],
  'name=eq:plain': [],
  'status=saving': ['queued'],
  'status=SAVING': ['queued'],
  'status=Saving': ['queued'],
  'status=UNKNOWN': ['deactivated', 'uploading'],
  'status=unknown': ['deactivated', 'uploading'],
  'property-os_type=linux': ['mut_v21', 'mut_v2', 'props', 'snapshot'],
  'property-os_distro=arch': ['props'],
  'property-os_version=9': ['props'],
  'property-root_device_name=/dev/vda': ['bdm'],
  'property-ramdisk_id=12121212-3434-4565-8787-909090909090': ['props'],
  'property-empty_value=': ['props'],
  'property-owner_id={project}': ['snapshot'],
  'property-image_type=snapshot&property-os_type=linux': ['snapshot'],
}

const EMPTY_HERE =
  /^(name=(in|eq):|status=(in|eq):|property-os_type=decoy$|property-(status|name|id|sort_key|sort_dir|size_min|size_max|visibility|member_status|marker|min_ram|limit|tag|owner|os_hidden|created_at)=)/

export const DIFFERENCES: readonly Difference[] = [
  {
    id: 'alternate-link',
    explains: ({ where, nova, ours }, { addresses: { glance }, record }) => {
      const project = Object.entries(PROJECTS).find(([name]) => record.path.includes(`/${name}/`))
      if (!ALTERNATE.test(where) || typeof nova !== 'string' || project === undefined) return false
      return ours === nova.replace(`${glance}/`, `${glance}/${project[1]}/`)
    },
  },
  answered(
    'fault-shape-404',
    (r) => r.status === 404 && isWebobPage(r),
    () => ({ status: 404, fault: 'itemNotFound', message: 'The resource could not be found.' }),
  ),
  {
    id: 'method-405',
    explains: (_, { record, answer }) =>
      record.status === 404 &&
      isWebobPage(record) &&
      answer.status === 405 &&
      answer.text.startsWith('{"badMethod":{"code":405,') &&
      /^[A-Z, ]*OPTIONS$/.test(answer.headers['allow'] ?? ''),
  },
  answered(
    'method-unparsable',
    (r) => r.method === 'FOO',
    () => badRequest('The request method is not valid.'),
  ),
  {
    id: 'head',
    explains: (_, { record, answer }) =>
      record.method === 'HEAD' &&
      record.status === 404 &&
      answer.status === 200 &&
      answer.text === '' &&
      answer.headers['content-type'] === 'application/json' &&
      Number(answer.headers['content-length']) > 0,
  },
  {
    id: 'options',
    explains: (_, { record, answer }) =>
      record.method === 'OPTIONS' &&
      answer.status === 200 &&
      answer.text === '' &&
      answer.headers['allow'] !== undefined,
  },
  answered(
    'body-too-large',
    (r) => r.status === 413,
    () => ({
      status: 413,
      fault: 'overLimit',
      message: 'The request body is larger than 114688 bytes.',
    }),
  ),
  answered('bad-utf8-query', novaFailed('UnicodeDecodeError'), () =>
    badRequest('The query string is not valid UTF-8.'),
  ),
  answered(
    'bad-utf8-path',
    (r) => r.status === 0 && r.path.includes('%ff'),
    () => badRequest(),
  ),
  answered(
    'bad-utf8-body',
    (r) => r.name.endsWith('invalid utf-8'),
    () => badRequest('Malformed request body'),
  ),
  answered(
    'header-block-too-large',
    (r) => r.status === 0 && r.name === 'query 70000 long',
    () => badRequest('The request line and headers are larger than 65536 bytes.'),
  ),
  answered('name-literal', asks(/^name=(in|eq|\w+):/), (r) => ({
    status: 200,
    images: FOUND[query(r)] ?? [],
  })),
  answered('status-deleted', asks(/(^|&)status=deleted/i), () =>
    badRequest('Invalid input received: images with status DELETED cannot be queried'),
  ),
  answered('status-words', asks(/^status=/), (r) => ({
    status: 200,
    images: EMPTY_HERE.test(query(r)) ? [] : (FOUND[query(r)] ?? ['no such row']),
  })),
  answered('property-filters', asks(/^property-/), (r) => ({
    status: 200,
    images: EMPTY_HERE.test(query(r)) ? [] : (FOUND[query(r)] ?? ['no such row']),
  })),
  {
    id: 'changes-since-plus',
    explains: (_, { record, answer }) =>
      record.name.endsWith('raw plus') &&
      answer.status === 200 &&
      JSON.parse(answer.text).images.length > 0,
  },
  answered(
    'changes-since-message',
    (r) => JSON.stringify(r.responseBody).includes('&quot;updated_at&quot;'),
    () => badRequest(/^Invalid input received: changes-since must be an ISO 8601 time/),
  ),
  answered(
    'integers',
    (r) => /^limit=(1_0|%D9%A1)$/.test(query(r)),
    () => badRequest('Invalid input received: limit must be an integer'),
  ),
  {
    id: 'next-link-only-if-more',
    explains: ({ where, nova, ours }) =>
      where === 'body.images_links' && Array.isArray(nova) && ours === undefined,
  },
  {
    id: 'next-link-last-value',
    explains: ({ where, nova, ours }, { record }) =>
      where === 'body.images_links.0.href' &&
      /limit=[^&]*&limit=/.test(query(record)) &&
      String(nova).replace(/limit=[^&]*/, '') === String(ours).replace(/limit=[^&]*/, '') &&
      String(ours).includes(`limit=${query(record).split('limit=').at(-1)}&`),
  },
  {
    id: 'project-in-query',
    explains: ({ where, nova, ours }, { record }) =>
      /href$/.test(where) &&
      /^\/v2(\.1)?\/images\/detail\?.*\{project\}/.test(record.path) &&
      ours === String(nova).replace(`/${PROJECTS['{project}']}/images`, '/images'),
  },
  answered(
    'marker-invisible',
    (r) => r.status === 403 && query(r).startsWith('marker='),
    () => badRequest(/^HTTP 400 Bad Request: No image found with ID [0-9a-f-]{36}$/),
  ),
  answered('marker-literal', asks(/^marker=[^&]*%26/), () =>
    badRequest(/^HTTP 400 Bad Request: No image found with ID .*&limit=1&name=plain$/),
  ),
  answered(
    'plain-messages',
    (r) => JSON.stringify(r.responseBody).includes('&#'),
    () => badRequest('HTTP 400 Bad Request: No image found with ID 名'),
  ),
  {
    id: 'forwarded-headers',
    explains: ({ where, nova, ours }, { record }) =>
      /href$/.test(where) &&
      record.headers['X-Forwarded-Proto'] === 'https' &&
      ours === String(nova).replace(/^https:/, 'http:'),
  },
  answered(
    'reader-writes',
    (r) => r.headers['X-Auth-Token'] === '{token:reader}' && r.method !== 'GET',
    () => ({
      status: 403,
      fault: 'forbidden',
      message: 'The role of this token may read images, not change them.',
    }),
  ),
  {
    id: 'visibility-kept',
    explains: (_, { record, answer }) =>
      /^alt sees (comm|shared) after$/.test(record.name) &&
      answer.status === 200 &&
      JSON.parse(answer.text).image.metadata.c === 'x',
  },
  {
    id: 'json-that-is-none',
    explains: (_, { record, answer }) =>
      record.group === 'poison' &&
      novaFailed('JSONDecodeError')(record) &&
      (record.name === 'DELETE key after mappings'
        ? answer.status === 404 && answer.text.includes('Invalid metadata key')
        : answer.status === 200),
  },
  answered(
    'four-byte-characters',
    (r) => r.name.endsWith('4-byte unicode value'),
    () => ({ status: 200, json: { meta: { color: '色 😀' } } }),
  ),
  answered(
    'lone-surrogates',
    (r) => r.name.endsWith('lone surrogate'),
    () => badRequest(/is not well-formed Unicode$/),
  ),
  answered(
    'reserved-names',
    (r) => r.name.startsWith('PUT reserved key') && novaFailed('TypeError')(r),
    () => ({ status: 403, fault: 'forbidden' }),
  ),
  {
    id: 'schema-messages',
    explains: ({ where, nova, ours }, { record }) =>
      where === 'body.badRequest.message' &&
      record.group === 'meta' &&
      withoutValues(String(nova)) === withoutValues(String(ours)),
  },
  answered(
    'only-images',
    (r) => /\/extensions$/.test(r.path),
    () => ({ status: 404, fault: 'itemNotFound', message: 'The resource could not be found.' }),
  ),
  {
    id: 'healthcheck',
    explains: (_, { record, answer }) =>
      record.path === '/healthcheck' && answer.status === 200 && answer.text === 'OK',
  },
  {
    id: 'no-upstream',
    explains: (_, { record, answer }) =>
      record.group === 'glance-down' || record.group === 'keystone-down'
        ? answer.status < 500
        : false,
  },
]

/** A message of jsonschema without the values it quotes: what is left says the same in both. */
function withoutValues(message: string): string {
  return message
    .replace(/Value: .*\. (?=.* (is not of type|is too long|does not|has too many))/s, 'Value: V. ')
    .replace(/Value: V\. .*? (?=is not of type|is too long|does not|has too many)/s, 'Value: V. V ')
    .replace(/^(None|null) is not of type/, 'V is not of type')
}
