import { readFileSync } from 'node:fs'
import { readDocument } from '../../src/image/document.ts'
import type { Image } from '../../src/image/image.ts'

/** One recorded request and the real Nova's answer. */
export interface GoldenRecord {
  readonly group: string
  readonly name: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** 0: the connection was closed without an answer. */
  readonly status: number
  readonly responseHeaders: readonly (readonly [string, string])[]
  readonly responseBody: unknown
}

interface LabelledImage {
  readonly label: string
  readonly image: Record<string, unknown>
  readonly members: readonly { readonly member: string; readonly status: string }[]
}

export const PROJECTS = {
  '{project}': '0f3c5a9d7b1e4c2a8d6f0e1b2c3d4e5f',
  '{project:alt}': '1a2b3c4d5e6f708192a3b4c5d6e7f809',
  '{project:admin}': '2b3c4d5e6f708192a3b4c5d6e7f8091a',
} as const

export const TOKENS = {
  '{token}': 'token-of-demo',
  '{token:alt}': 'token-of-alt',
  '{token:admin}': 'token-of-admin',
  '{token:reader}': 'token-of-reader',
  '{token:fresh}': 'token-not-seen-before',
  '{token:expired}': 'token-expired',
} as const

const folder = new URL('.', import.meta.url)

export function readRecords(): readonly GoldenRecord[] {
  return readFileSync(new URL('nova.jsonl', folder), 'utf8')
    .trim()
    .split('\n')
    .map((line) => restore(JSON.parse(line) as GoldenRecord))
}

export interface GoldenImages {
  readonly images: readonly Image[]
  /** `{image:LABEL}` and the times' placeholders, with what they stand for. */
  readonly placeholders: ReadonlyMap<string, string>
}

export function readImages(): GoldenImages {
  const text = readFileSync(new URL('images.json', folder), 'utf8')
  const labelled = JSON.parse(fillProjects(text)) as LabelledImage[]
  const images = labelled.map(({ image, members }) =>
    readDocument({
      ...image,
      members: members.map(({ member, status }) => ({ member_id: member, status })),
    }),
  )
  const placeholders = new Map<string, string>()
  for (const { label, image } of labelled) {
    const updated = String(image['updated_at'])
    placeholders.set(`{image:${label}}`, String(image['id']))
    placeholders.set(`{time:${label}}`, updated)
    placeholders.set(`{timeno:${label}}`, updated.slice(0, -1))
  }
  for (const [name, value] of Object.entries(formsOfTime(placeholders.get('{time:twin1}') ?? ''))) {
    placeholders.set(name, value)
  }
  return { images, placeholders }
}

/** The forms in which twin1's `updated_at` was asked for. */
export function formsOfTime(updated: string): Record<string, string> {
  const shifted = (hours: number) =>
    new Date(Date.parse(updated) + hours * 3_600_000).toISOString().slice(0, 19)
  const plain = updated.slice(0, -1)
  return {
    '{time:+2}': `${shifted(2)}%2B02:00`,
    '{time:+2raw}': `${shifted(2)}+02:00`,
    '{time:-0530}': `${shifted(-5.5)}-05:30`,
    '{time:us}': `${plain}.000000`,
    '{time:usz}': `${plain}.000000Z`,
    '{time:basic}': `${plain.replaceAll(/[-:]/g, '')}Z`,
    '{time:space}': plain.replace('T', '%20'),
    '{date}': plain.slice(0, 10),
  }
}

export function fillProjects(text: string): string {
  let filled = text
  for (const [name, id] of Object.entries(PROJECTS)) filled = filled.replaceAll(name, id)
  return filled
}

const CUT = /\.\.\.<(\d+)(?: bytes)?>$/

/** The recording shortens what is long and regular; this writes it out again. */
function restore(record: GoldenRecord): GoldenRecord {
  return {
    ...record,
    path: CUT.test(record.path) ? wholePath(record) : record.path,
    headers: Object.fromEntries(
      Object.entries(record.headers).map(([name, value]) => [name, padded(value)]),
    ),
    ...(record.body === undefined ? {} : { body: wholeBody(record.body) }),
  }
}

function padded(value: string): string {
  const length = Number(CUT.exec(value)?.[1] ?? 0)
  return length === 0 ? value : value.slice(0, 1).repeat(length)
}

function wholePath({ name, path }: GoldenRecord): string {
  const start = path.slice(0, path.indexOf('?') + 1)
  if (name === '1000 params') {
    return start + Array.from({ length: 1000 }, (_, i) => `p${i}=1`).join('&')
  }
  if (name === 'name=L*3000') return `${start}name=${'L'.repeat(3000)}`
  const count = /^query (\d+) long$/.exec(name)?.[1]
  if (count === undefined) throw new Error(`cannot write out the path of "${name}"`)
  return `${start}x=${'y'.repeat(Number(count))}`
}

function wholeBody(body: string): string {
  const length = Number(CUT.exec(body)?.[1] ?? 0)
  if (length === 0) return body
  const start = body.replace(CUT, '')
  let whole = ''
  if (start.startsWith('{"metadata":{"metadata"')) {
    whole = `${'{"metadata":'.repeat(500)}1${'}'.repeat(500)}`
  } else if (start.includes('"k000"')) {
    const items = (n: number) =>
      Array.from({ length: n }, (_, i) => `"k${String(i).padStart(3, '0')}": "v"`).join(', ')
    whole =
      [128, 129].map((n) => `{"metadata": {${items(n)}}}`).find((b) => b.length === length) ?? ''
  } else if (start.endsWith('v')) {
    whole = `${start.padEnd(length - 3, 'v')}"}}`
  } else {
    whole = start.padEnd(length, ' ')
  }
  if (whole.length !== length) throw new Error(`cannot write out a body of ${length} bytes`)
  return whole
}
