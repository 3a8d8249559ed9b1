import { isObject } from '../../../src/cli/compare/values.ts'
import { type NamedAnswer, type Problem, recordedHeader } from './compare.ts'
import type { GlanceRecord } from './records.ts'

export interface Context {
  readonly record: GlanceRecord
  readonly ours: NamedAnswer
}

/** An intended difference from Glance; `docs/differences.md` says why. */
export interface Difference {
  readonly id: string
  /** Whether the problem is this difference and nothing more. */
  explains(problem: Problem, context: Context): boolean
}

const TITLE = /^[\s\S]*<\/h1>\s*|<\/body>[\s\S]*$/g
const TEXT_TITLE = /^\d{3} [\w -]+\n\n/
/** What Glance's framework puts before a message. */
const PREAMBLE =
  /^(Access was denied to this resource|There was a conflict when trying to complete your request|The Range requested is not available)\. (?=.)/

/** The message of a fault, without the page around it. Mirrors webob/exc.py's templates. */
export function messageOf(body: unknown): string {
  const text = isObject(body) ? String(body['message']) : String(body)
  return text
    .replace(TITLE, '')
    .replace(TEXT_TITLE, '')
    .replaceAll(/<br \/>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#x27;', "'")
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(PREAMBLE, '')
    .replace(/ \$\{CONTENT_TYPE\} /, ' (none) ')
}

function saysTheSame({ record, ours }: Context): boolean {
  return (
    record.status >= 400 &&
    record.status === ours.status &&
    messageOf(record.responseBody) === messageOf(ours.body)
  )
}

/** Afterimage answers with this refusal, in the face's shape, whatever Glance did. */
export function refusedWith(
  { ours }: Context,
  status: number,
  message: string | RegExp,
  headers: readonly string[] = ['application/json', 'text/plain; charset=UTF-8'],
): boolean {
  const said = messageOf(ours.body)
  return (
    ours.status === status &&
    headers.includes(ours.headers.get('content-type') ?? '') &&
    (typeof message === 'string' ? said === message : message.test(said))
  )
}

const SCHEMA = "Provided object does not match schema 'image': "
const QUOTED_CHARACTERS_MIN = 40

/**
 * Glance's first sentence with values in JSON, or its beginning where a long value is cut here, and
 * the field's name.
 */
function namesTheSameField({ record, ours }: Context): boolean {
  const glance = isObject(record.responseBody) ? String(record.responseBody['message']) : ''
  const field = /On instance\['([^']*)'\]/.exec(glance)?.[1]
  const [said = ''] = glance.split('\n')
  const here = messageOf(ours.body)
  if (!said.startsWith(SCHEMA) || !here.startsWith(SCHEMA)) return false
  if (field === undefined || !here.endsWith(`(in '${field}')`)) return false
  const cut = here.indexOf('...')
  return cut === -1
    ? here.replaceAll('"', "'").replaceAll("':'", "': '") === `${said} (in '${field}')`
    : cut > SCHEMA.length + QUOTED_CHARACTERS_MIN && said.startsWith(here.slice(0, cut))
}

const LEFT_OUT = / (is|are) not served here; images, members, tags and image data are\.$/
const NO_PERMISSION = /^You are not authorized to complete [a-z_]+ action\.$/

/** Differences in the messages of refusals, and refusals where Glance fails. */
export const FAULT_DIFFERENCES: readonly Difference[] = [
  {
    id: 'plain-messages',
    explains: ({ where }, context) =>
      where === 'body.message' && saysTheSame(context) && isObject(context.record.responseBody),
  },
  {
    id: 'no-html',
    explains: ({ where }, context) =>
      (where === 'body' || where === 'header:content-type') &&
      saysTheSame(context) &&
      !isObject(context.record.responseBody) &&
      (context.ours.headers.get('content-type') === 'text/plain; charset=UTF-8' ||
        recordedHeader(context.record, 'content-type').startsWith('text/plain')),
  },
  {
    id: 'unauthorized-message',
    explains: ({ where }, context) =>
      where === 'body.message' &&
      context.record.status === 401 &&
      refusedWith(context, 401, 'The request you have made requires authentication.'),
  },
  {
    id: 'schema-messages',
    explains: ({ where }, context) =>
      where === 'body.message' && context.ours.status === 400 && namesTheSameField(context),
  },
  {
    id: 'no-500',
    explains: (_, context) =>
      context.record.status === 500 &&
      refusedWith(
        context,
        400,
        /not served here\.$|Unicode\.$|^Expected an? |^A pointer must|^Import request requires/,
      ),
  },
  {
    id: 'no-cut',
    explains: ({ where }, { record, ours }) =>
      where === 'status' && record.status === 0 && [204, 416].includes(ours.status),
  },
  {
    id: 'left-out',
    explains: (_, context) => refusedWith(context, 501, LEFT_OUT),
  },
  {
    id: 'method-unparsable',
    explains: (_, context) =>
      context.record.method === 'BREW' &&
      refusedWith(context, 400, 'The request method is not valid.'),
  },
  {
    id: 'reader-writes',
    explains: (_, context) =>
      context.record.headers['X-Auth-Token'] === '{token:reader}' &&
      context.record.method !== 'GET' &&
      refusedWith(context, 403, NO_PERMISSION),
  },
  {
    id: 'bad-utf8-query',
    explains: (_, context) =>
      context.record.path.includes('%ff') &&
      refusedWith(context, 400, 'The query string is not valid UTF-8.'),
  },
  {
    id: 'changes-since-hint',
    explains: (_, context) =>
      context.record.path.includes('?changes-since=') &&
      refusedWith(context, 400, /no longer available on v2\. Use updated_at=gte:TIME\.$/),
  },
  {
    id: 'json-alone',
    explains: (_, context) =>
      context.record.name === 'NaN' && refusedWith(context, 400, 'Malformed JSON in request body.'),
  },
  {
    id: 'empty-content-type',
    explains: (_, context) =>
      context.record.headers['Content-Type'] === '' &&
      refusedWith(context, 415, 'Unsupported Content-Type', ['application/json; charset=utf-8']),
  },
  {
    id: 'limits-of-names-and-values',
    explains: (_, context) =>
      /^a property (name|without|that is too long)|^the slash alone$|^a long member$|"member": 1/.test(
        context.record.name,
      ) && refusedWith(context, 400, /255 characters|longer than \d+ bytes|Expected a member/),
  },
]
