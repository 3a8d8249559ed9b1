import { type Addresses, type Answer, compare } from '../../test/golden/compare.ts'
import { DIFFERENCES } from '../../test/golden/differences.ts'
import { type GoldenRecord, PROJECTS } from '../../test/golden/records.ts'
import type { Cloud } from './cloud.ts'
import type { Twin } from './twin.ts'

/** One difference as `afterimage compare --json` prints it. */
export interface Reported {
  readonly request: Pick<GoldenRecord, 'group' | 'name' | 'method' | 'path' | 'headers'>
  readonly a: Answer
  readonly b: Answer
}

/** The rows of docs/differences.md that apply to a request, whatever else is in its query. */
const SUBJECTS: readonly (readonly [id: string, isAbout: (reported: Reported) => boolean])[] = [
  ['status-deleted', asks(/(^|&)status=deleted/i)],
  ['status-words', asks(/(^|&)status=/)],
  ['property-filters', asks(/(^|&)property-/)],
  ['name-literal', asks(/(^|&)name=\w+(:|%3A)/)],
  ['changes-since-message', asks(/(^|&)changes-since=/)],
  ['marker-invisible', ({ request, a }) => a.status === 403 && /marker=/.test(request.path)],
  ['next-link-only-if-more', ({ a }) => a.text.includes('"images_links"')],
]

/** Those of a Nova whose Glance keeps its images in MariaDB. */
const SUBJECTS_OVER_MARIADB: typeof SUBJECTS = [
  ['name-case', asks(/(^|&)name=/)],
  ['minimum-text', asks(/(^|&)min(Ram|Disk)=/)],
  ['type-case', asks(/(^|&)type=/)],
]

function asks(pattern: RegExp) {
  return ({ request }: Reported) => pattern.test(request.path.split('?').slice(1).join('?'))
}

/** Finds the row of docs/differences.md that each difference between Nova and Afterimage has. */
export class Judge {
  readonly #cloud: Cloud
  readonly #front: string
  readonly #placeholders: ReadonlyMap<string, string>
  readonly #twin: Twin
  readonly counts = new Map<string, number>()
  readonly unexplained: string[] = []

  constructor(cloud: Cloud, front: string, placeholders: ReadonlyMap<string, string>, twin: Twin) {
    this.#cloud = cloud
    this.#front = front
    this.#placeholders = placeholders
    this.#twin = twin
  }

  async judge(reported: Reported): Promise<void> {
    const { context, problems } = this.#asRecorded(reported)
    const left = problems.filter((problem) => {
      const difference = DIFFERENCES.find((d) => d.explains(problem, context))
      if (difference !== undefined) this.#count(difference.id)
      return difference === undefined
    })
    if (left.length === 0) return
    if (await this.#isAsGet(reported)) {
      this.#count('head')
      return
    }
    const subjects =
      this.#cloud.database === 'mariadb' ? [...SUBJECTS, ...SUBJECTS_OVER_MARIADB] : SUBJECTS
    const subject = subjects.find(([, isAbout]) => isAbout(reported))?.[0]
    if (subject !== undefined && (await this.#isAsTwin(reported))) {
      this.#count(subject)
      return
    }
    const { method, path, headers } = reported.request
    const first = left
      .slice(0, 4)
      .map((p) => `${p.where}: Nova ${show(p.nova)}, here ${show(p.ours)}`)
    this.unexplained.push(`${method} ${path} ${show(headers)}\n    ${first.join('\n    ')}`)
  }

  #count(id: string): void {
    this.counts.set(id, (this.counts.get(id) ?? 0) + 1)
  }

  /** The rules know the recording's project ids, and Nova's own address as a placeholder. */
  #asRecorded({ request, a, b }: Reported) {
    const { projects } = this.#cloud
    const recorded = (text: string) =>
      text
        .replaceAll(projects.demo, PROJECTS['{project}'])
        .replaceAll(projects.alt, PROJECTS['{project:alt}'])
        .replaceAll(projects.admin, PROJECTS['{project:admin}'])
    const nova = recorded(a.text).replaceAll(new URL(this.#cloud.novaUrl).host, '{host}')
    const record: GoldenRecord = {
      ...request,
      path: request.path
        .replaceAll(projects.alt, '{project:alt}')
        .replaceAll(projects.admin, '{project:admin}'),
      status: a.status,
      responseHeaders: Object.entries(a.headers),
      responseBody: parse(nova) ?? nova,
    }
    const answer: Answer = { ...b, text: recorded(b.text) }
    const addresses: Addresses = {
      base: this.#front,
      host: new URL(this.#front).host,
      glance: this.#cloud.glanceUrl,
      keystone: this.#cloud.keystoneUrl,
    }
    const placeholders = this.#placeholders
    const context = { record, answer, placeholders, addresses }
    return { context, problems: compare(record, answer, placeholders, addresses) }
  }

  /** Nova answers 404 to every HEAD; here it is answered like the GET. */
  async #isAsGet({ request, a, b }: Reported): Promise<boolean> {
    if (request.method !== 'HEAD' || a.status !== 404) return false
    const token = request.headers['X-Auth-Token']
    const response = await fetch(this.#front + this.#filled(request.path), {
      headers: {
        ...request.headers,
        ...(token === '{token}' ? { 'X-Auth-Token': await this.#cloud.token('demo', 'demo') } : {}),
      },
    })
    await response.arrayBuffer()
    const isSame = (name: string) => (response.headers.get(name) ?? undefined) === b.headers[name]
    return (
      response.status === b.status &&
      ['content-type', 'content-length', 'openstack-api-version'].every(isSame)
    )
  }

  #filled(path: string): string {
    return path.replaceAll('{project}', this.#cloud.projects.demo)
  }

  /** Whether the embedded catalogue, held to Nova's recorded answers, says the same to the caller. */
  async #isAsTwin({ request, b }: Reported): Promise<boolean> {
    if (request.headers['X-Auth-Token'] !== '{token}') return false
    const response = await fetch(this.#twin.url + this.#filled(request.path), {
      method: request.method,
      headers: { ...request.headers, 'X-Auth-Token': this.#twin.token },
    })
    const text = (await response.text())
      .replaceAll(this.#twin.url, this.#front)
      .replaceAll(this.#twin.imageUrl, this.#cloud.glanceUrl)
    return response.status === b.status && text === b.text
  }
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 200)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
