import { ComputeFault } from '../../api/compute/faults.ts'
import { isListParameter, readListRequest } from '../../api/compute/query.ts'
import { findRoute, type Operation, splitPath } from '../../api/compute/routes.ts'
import { readTarget } from '../../api/request/target.ts'
import type { AskedCall } from '../../successor/asked-call.ts'

/** Reads one line: a URL, a path, a query, a line of an access log or of a JSON log. */
export type Reading =
  | {
      readonly kind: 'call'
      readonly call: AskedCall
      /** The request in short, such as `GET images/detail?limit=1`. */
      readonly request: string
      /** Parameters that mean nothing to the Compute API. */
      readonly ignored: readonly string[]
    }
  /** A call that the Compute API answers with 400. */
  | { readonly kind: 'refused'; readonly request: string; readonly reason: string }
  /** Nothing about images. */
  | { readonly kind: 'other' }

const METHOD_AND_TARGET = /\b(GET|HEAD|POST|PUT|DELETE)\s+([^\s"]+)/
/** Where JSON logs hold the two. */
const METHOD_FIELDS = ['method', 'request_method', 'verb']
const TARGET_FIELDS = ['url', 'path', 'uri', 'request_uri', 'request', 'target']

/** Reads one line. */
export function readRequest(line: string): Reading {
  const { method, target } = findTarget(line.trim())
  if (target === '') return OTHER
  const isQuery = !target.includes('/') && !/^images(?:$|\?)/.test(target)
  if (isQuery && !target.includes('=')) return OTHER
  const path = isQuery ? `/images/detail?${target.replace(/^\?/, '')}` : target
  const read = readTarget(/^(?:\/|[a-z]+:\/\/)/i.test(path) ? path : `/${path}`)
  if (read === undefined) return OTHER
  const resource = resourceOf(read.segments)
  const route = findRoute(method, resource)
  if (route.kind !== 'operation') return OTHER
  const [, id = '', , key = ''] = resource
  const query = read.query === '' ? '' : `?${read.query}`
  const request = `${method} ${resource.map(encodeURIComponent).join('/')}`
  return readCall(route.operation, { id, key }, read.query, request + query, request)
}

const OTHER: Reading = { kind: 'other' }

function readCall(
  operation: Operation,
  { id, key }: { readonly id: string; readonly key: string },
  query: string,
  listRequest: string,
  request: string,
): Reading {
  switch (operation) {
    case 'list_images':
    case 'list_images_detail':
      return readList(query, listRequest)
    case 'show_image':
      return call({ kind: 'show', id }, request)
    case 'delete_image':
      return call({ kind: 'delete', id }, request)
    case 'show_metadata':
    case 'merge_metadata':
    case 'replace_metadata':
      return call({ kind: operation, id }, request)
    case 'show_metadata_item':
    case 'set_metadata_item':
    case 'delete_metadata_item':
      return call({ kind: operation, id, key }, request)
  }
}

function call(asked: AskedCall, request: string): Reading {
  return { kind: 'call', call: asked, request, ignored: [] }
}

function readList(query: string, request: string): Reading {
  try {
    const list = readListRequest(query)
    const ignored = [...list.parameters.keys()].filter((name) => !isListParameter(name))
    return { kind: 'call', call: { kind: 'list', list }, request, ignored }
  } catch (error) {
    if (!(error instanceof ComputeFault)) throw error
    return { kind: 'refused', request, reason: error.message }
  }
}

function findTarget(line: string): { readonly method: string; readonly target: string } {
  if (line.startsWith('{')) return findInJson(line) ?? { method: 'GET', target: '' }
  const [, method, target] = METHOD_AND_TARGET.exec(line) ?? []
  if (method !== undefined && target !== undefined) return { method, target }
  return { method: 'GET', target: /\s/.test(line) ? '' : line }
}

function findInJson(line: string): { method: string; target: string } | undefined {
  let record: Readonly<Record<string, unknown>>
  try {
    record = JSON.parse(line)
  } catch {
    return undefined
  }
  const textOf = (names: readonly string[]) =>
    names.map((name) => record[name]).find((value) => typeof value === 'string')
  const target = textOf(TARGET_FIELDS)
  if (target === undefined) return undefined
  const [, method, inside] = METHOD_AND_TARGET.exec(target) ?? []
  if (method !== undefined && inside !== undefined) return { method, target: inside }
  return { method: textOf(METHOD_FIELDS)?.toUpperCase() ?? 'GET', target }
}

const VERSION = /^v2(?:\.\d+)?$/

/** What follows the version and the project; a proxy may have put segments before them. */
function resourceOf(segments: readonly string[]): readonly string[] {
  const version = segments.findIndex((segment) => VERSION.test(segment))
  if (version === -1) return segments
  return splitPath(segments.slice(version + 1)).path
}
