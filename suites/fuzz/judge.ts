import { isListed } from '../../src/image/visibility.ts'
import type { Answer } from '../../test/server/answers.ts'
import { FAULT_NAMES, REQUEST_ID } from '../../test/server/fault.ts'
import type { FuzzRequest } from './requests.ts'
import type { World } from './world.ts'

/** Texts that no answer may show: stack traces, paths, messages of internal errors. */
const LEAKS: readonly RegExp[] = [
  /\bat .{1,200}:\d+:\d+\)?/,
  /node:internal|node_modules|file:\/\/|\.ts\b/,
  /\/(?:work|home|root|tmp|usr|var)\//,
  /\b(?:Type|Range|Syntax|Reference|Assertion|Aggregate|URI)Error\b/,
  /Traceback|File "|<class '|Exception\b/,
  /sqlite|SQLITE|ERR_[A-Z_]{3,}|FST_ERR|ECONN/i,
  /\[object |\bundefined\b|\bNaN\b|Unexpected token|is not a function|Maximum call stack/,
]

/** All faults of an answer. */
export function judge(request: FuzzRequest, answer: Answer, world: World): string[] {
  const problems: string[] = []
  const { status, headers, body } = answer
  const isLeftOut = request.port === 'image' && status === 501
  if (!(status >= 200 && status < 500) && !isLeftOut) problems.push(`status ${status}`)
  const ids = headers.get('x-openstack-request-id') ?? []
  if (ids.length !== 1 || !REQUEST_ID.test(ids[0] ?? '')) problems.push('no request id')
  if (request.port === 'compute' && headers.get('x-compute-request-id')?.[0] !== ids[0]) {
    problems.push('no Compute request id')
  }
  const shown = `${[...headers].map(([name, values]) => `${name}: ${values}`).join('\n')}\n${body}`
  for (const leak of LEAKS) {
    const found = leak.exec(shown)
    if (found !== null) problems.push(`shows ${JSON.stringify(found[0].slice(0, 100))}`)
  }
  const hasBody = request.method !== 'HEAD' && request.way !== 'broken' && body !== ''
  if (!hasBody) return problems
  if (!answer.isComplete) problems.push('cut')
  else if (request.port === 'compute') problems.push(...judgeCompute(request, answer, world))
  return problems
}

function judgeCompute(
  request: FuzzRequest,
  { status, headers, body }: Answer,
  world: World,
): string[] {
  const type = headers.get('content-type')?.[0] ?? ''
  if (status === 200 && type.startsWith('text/plain') && body === 'OK') return [] // the health check
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return ['a body that is not JSON']
  }
  if (status === 401) return isError(json) ? [] : ['a 401 that is not in shape']
  if (status >= 400) return isFault(json, status) ? [] : ['a fault that is not in shape']
  if (!/^application\/(?:json|vnd\.openstack\.compute\+json)$/.test(type)) return [`type ${type}`]
  return judgeImages(request, json, world)
}

function isError(json: unknown): boolean {
  return (json as { error?: { code?: unknown } }).error?.code === 401
}

function isFault(json: unknown, status: number): boolean {
  const entries = Object.entries(json as Record<string, { code: unknown; message: unknown }>)
  const [name, fault] = entries[0] ?? []
  if (entries.length !== 1 || name !== FAULT_NAMES[status] || fault === undefined) return false
  return fault.code === status && typeof fault.message === 'string' && fault.message !== ''
}

/**
 * A list shows the images that its caller may see, each once; images made meanwhile are not
 * checked.
 */
function judgeImages(
  { caller }: FuzzRequest,
  json: unknown,
  { images, contested }: World,
): string[] {
  const listed = (json as { images?: readonly { id: string }[] }).images
  if (listed === undefined) return []
  const ids = new Set(listed.map((image) => image.id))
  if (ids.size !== listed.length) return ['an image twice']
  if (caller === undefined) return ['a list for nobody']
  const visible = new Set(images.filter((image) => isListed(image, caller.viewer)).map((i) => i.id))
  const settled = images.map(({ id }) => id).filter((id) => ids.has(id) && !contested.has(id))
  return settled.filter((id) => !visible.has(id)).map((id) => `shows image ${id}`)
}
