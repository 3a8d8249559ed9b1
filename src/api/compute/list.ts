import { Readable } from 'node:stream'
import type { Catalogue, Freshness, ImageList, ListWindow } from '../../catalogue/catalogue.ts'
import { CatalogueFault } from '../../catalogue/faults.ts'
import type { DeprecationPolicy } from '../../deprecation/policy.ts'
import { isEmptyQuery } from '../../image/query.ts'
import type { KeptForms } from '../face/compressible.ts'
import { entityTagOf } from '../request/entity-tag.ts'
import { said } from '../request/said.ts'
import type { Answers } from './answers.ts'
import { type Call, type ListCall, linkBases } from './call.ts'
import { deprecationHeaders } from './deprecation-headers.ts'
import { ComputeFault } from './faults.ts'
import { READER_BYTES_MAX } from './lent-bodies.ts'
import { printPage } from './list-page.ts'
import { ListPrinter } from './list-printer.ts'
import { nextLink } from './next-link.ts'
import { type ListRequest, readListRequest } from './query.ts'
import { successorOfList } from './successor.ts'

/** Of a long list, given to the connection at once: about so much more of it is held twice. */
const PIECE_BYTES = 64 * 1024

/** A longer list, of a thousand images or more, takes memory until its caller has read it. */
const LONG_LIST_BYTES = 1024 * 1024

/**
 * The answer to a list: one body if it is short, else a stream that is read as fast as the caller
 * takes it.
 */
export interface ListAnswer {
  /** With `etag`, if the list is short. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | Readable | undefined
  /** Compressed forms of the body; undefined if it is not kept. */
  readonly forms?: KeptForms
}

/**
 * Answers `images` and `images/detail`.
 * @param onLong called when the list turns out to be long, unless it is kept; may throw
 * @throws ComputeFault, CatalogueFault
 */
export async function answerList(
  call: Call,
  catalogue: Catalogue,
  answers: Answers,
  policy: DeprecationPolicy,
  onLong: () => Promise<void>,
): Promise<ListAnswer> {
  const request = readListRequest(call.query)
  const atOnce = answerAtOnce(call, catalogue, answers, policy, request)
  if (atOnce !== undefined) return atOnce
  const version = catalogue.version(call.viewer)
  // A catalogue without a version is another service: its work is cancelled with the request.
  const ask = (isPassing: boolean) => {
    const asked = askFor(call, request, catalogue, isPassing)
    return version === undefined ? untilGone(asked, call.asker.signal) : asked
  }
  const list = ask(false)
  const chunks = printList(call, request, list)
  const asMarker = (error: unknown) => {
    throw asMarkerFault(error, request)
  }
  // Another service may take its time, and others must not wait for it.
  const turn = version === undefined ? undefined : () => answers.turnToGather()
  const gathering = { bytesMax: answers.bytesMax, onLong, turn }
  const { texts, isWhole } = await readUpTo(chunks, gathering).catch(asMarker)
  const headers = {
    ...deprecationHeaders(policy, call.base, successorOfList(call, request, policy)),
    ...freshnessHeaders(list?.freshness?.()),
  }
  if (isWhole) {
    const body = Buffer.from(texts.join(''))
    const answer = { headers: { ...headers, etag: entityTagOf(body) }, body }
    if (catalogue.version(call.viewer) !== version) return answer
    return answers.put(version, policy, answerKey(call), answer) ?? answer
  }
  if (call.isHead || version !== undefined) await chunks.return()
  if (call.isHead) return { headers, body: undefined }
  if (version === undefined) return { headers, body: streamOf(texts, chunks) }
  // What was read is as long as many readers' pieces: it is read again, as it is taken.
  const again = printList(call, request, ask(true), true)
  const begun = [await again.next(), await again.next().catch(asMarker)]
  return {
    headers,
    body: streamOf(
      begun.map(({ value }) => value ?? ''),
      again,
    ),
  }
}

/**
 * The answer to a list, if there is no wait for it: one that is kept, or a short page of a catalogue
 * that holds its own images. @throws ComputeFault, CatalogueFault
 */
export function answerAtOnce(
  call: ListCall,
  catalogue: Catalogue,
  answers: Answers,
  policy: DeprecationPolicy,
  read?: ListRequest,
): (ListAnswer & { readonly body: Buffer }) | undefined {
  const key = answerKey(call)
  const version = catalogue.version(call.viewer)
  const known = answers.get(version, policy, key)
  if (known !== undefined) return known
  const request = read ?? readListRequest(call.query)
  const images = pageOf(call, request, catalogue)
  if (images === undefined) return undefined
  const { body, entityTag } = printPage(call, request, images)
  const successor = successorOfList(call, request, policy)
  const headers = { ...deprecationHeaders(policy, call.base, successor), etag: entityTag }
  const answer = { headers, body }
  // What is printed from remembered images is kept if it is asked for again.
  if (!answers.wasAsked(key) || catalogue.version(call.viewer) !== version) return answer
  return answers.put(version, policy, key, answer) ?? answer
}

/**
 * Everything that the answer depends on, except the catalogue. No part can contain a line break.
 */
function answerKey(call: ListCall): string {
  const { operation, prefix, project, base, imageBase, viewer, query } = call
  const who = viewer.isAdmin ? 'admin' : 'user'
  return [operation, prefix, project, base, imageBase, viewer.project, who, query].join('\n')
}

/** A marker that the caller cannot see is answered like one that does not exist. */
function asMarkerFault(error: unknown, { marker }: ListRequest): unknown {
  if (!(error instanceof CatalogueFault) || error.code !== 'marker.not_found') return error
  return new ComputeFault(
    'marker.not_found',
    said`HTTP 400 Bad Request: No image found with ID ${marker ?? ''}`,
  )
}

/** @returns undefined if there is nothing to find, so that the catalogue need not be asked. */
function askFor(
  call: Call,
  request: ListRequest,
  catalogue: Catalogue,
  isPassing: boolean,
): ImageList | undefined {
  if (isEmptyQuery(request.query) && request.marker === undefined) return undefined
  return catalogue.list(call.viewer, request.query, { ...windowOf(request), isPassing })
}

function pageOf(call: ListCall, request: ListRequest, catalogue: Catalogue) {
  try {
    return catalogue.page?.(call.viewer, request.query, windowOf(request))
  } catch (error) {
    throw asMarkerFault(error, request)
  }
}

/** One more than asked for tells whether there is a next page. */
function windowOf({ limit, marker }: ListRequest): ListWindow {
  return { limit: limit + 1, ...(marker === undefined ? {} : { marker }) }
}

function untilGone(list: ImageList | undefined, signal: AbortSignal): ImageList | undefined {
  if (list === undefined) return undefined
  const { freshness } = list
  return {
    [Symbol.asyncIterator]() {
      const batches = list[Symbol.asyncIterator]()
      const stop = () => void batches.return?.().catch(() => undefined)
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
      return batches
    },
    ...(freshness === undefined ? {} : { freshness: () => freshness.call(list) }),
  }
}

/** RFC 9111, 5.1 and 5.5. */
function freshnessHeaders(freshness: Freshness | undefined): Readonly<Record<string, string>> {
  if (freshness === undefined) return {}
  const age = String(Math.floor(freshness.ageMs / 1000))
  return freshness.isStale ? { age, warning: '110 - "Response is Stale"' } : { age }
}

/** The text of each batch, so that no image is held while a slow reader takes it. */
async function* printList(
  call: Call,
  request: ListRequest,
  list: ImageList | undefined,
  isPassing = false,
): AsyncGenerator<string, void> {
  const printer = new ListPrinter({
    bases: linkBases(call),
    isBrief: call.operation === 'list_images',
    limit: request.limit,
    isPassing,
  })
  const batches = list?.[Symbol.asyncIterator]()
  let isRead = batches === undefined
  try {
    yield '{"images":['
    while (batches !== undefined && !isRead) {
      if (printer.isWaiting) isRead = !printer.give(await batches.next())
      yield printer.print()
    }
  } finally {
    if (!isRead) await batches?.return?.()
  }
  // What was not read on must not look like a whole list.
  if (call.asker.isGone) throw new Error('the caller has gone')
  const { goesOnAfter } = printer
  const links = goesOnAfter && `,"images_links":${nextLink(call, request, goesOnAfter)}`
  yield `]${links ?? ''}}`
}

interface Gathering {
  readonly bytesMax: number
  readonly onLong: () => Promise<void>
  /** Waited for before much is held. */
  readonly turn: (() => Promise<() => void>) | undefined
}

async function readUpTo(
  chunks: AsyncGenerator<string, void>,
  { bytesMax, onLong, turn }: Gathering,
): Promise<{ texts: readonly string[]; isWhole: boolean }> {
  const texts: string[] = []
  let bytes = 0
  let isLong = false
  let endTurn: (() => void) | undefined
  try {
    while (bytes <= bytesMax) {
      const { value, done } = await chunks.next()
      if (done === true) return { texts, isWhole: true }
      texts.push(value)
      bytes += Buffer.byteLength(value)
      if (bytes > READER_BYTES_MAX) endTurn ??= await turn?.()
      if (isLong || bytes <= LONG_LIST_BYTES) continue
      isLong = true
      await onLong()
    }
    return { texts, isWhole: false }
  } catch (error) {
    await chunks.return()
    throw error
  } finally {
    endTurn?.()
  }
}

function streamOf(texts: readonly string[], chunks: AsyncGenerator<string, void>): Readable {
  const pieces = inPieces(texts, chunks)
  const stream = Readable.from(pieces, { objectMode: false, highWaterMark: PIECE_BYTES })
  // A caller may go away before the first read, and a generator that was never begun ends nothing.
  stream.once('close', () => void chunks.return())
  return stream
}

async function* inPieces(
  begun: readonly string[],
  chunks: AsyncGenerator<string, void>,
): AsyncGenerator<Buffer, void> {
  for (const text of begun) yield* piecesOf(Buffer.from(text))
  const more = async () => {
    const { value, done } = await chunks.next()
    return done === true ? undefined : Buffer.from(value)
  }
  for (;;) {
    const bytes = await more()
    if (bytes === undefined) return
    yield* piecesOf(bytes)
  }
}

function* piecesOf(bytes: Buffer): Generator<Buffer, void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    yield bytes.subarray(at, at + PIECE_BYTES)
  }
}
