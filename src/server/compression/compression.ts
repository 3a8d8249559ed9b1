import { pipeline, Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { formsToCompress, type KeptForms } from '../../api/face/compressible.ts'
import { type Accepted, readAcceptEncoding } from './accept-encoding.ts'
import { type Coding, ENCODERS } from './codings.ts'

/** Less fits into one packet anyway. */
const COMPRESSED_BYTES_MIN = 1024
/** A larger body would hold the event loop up for more than a fraction of a millisecond. */
const COMPRESSED_AT_ONCE_BYTES_MAX = 16 * 1024
/**
 * Bodies compressed at the same time, as many as libuv has threads: more would only wait, and each
 * holds its body.
 */
const BODIES_MAX = 4
/** Lists that are streamed compressed at the same time; each holds an encoder's window of memory. */
const STREAMS_MAX = 16

/** How many compressions may be under way at once. */
export interface CompressionLimits {
  readonly bodiesMax: number
  readonly streamsMax: number
}

const LIMITS: CompressionLimits = { bodiesMax: BODIES_MAX, streamsMax: STREAMS_MAX }

/**
 * Compresses the answers of one process, over all its listeners. What is above the limits is sent
 * plain: a busy server answers rather than makes answers small. A caller who refuses the plain form,
 * where there is no other, gets it all the same, as RFC 9110, 12.4.1, lets a server do; Nova does so.
 *
 * Lengths of compressed answers say something of secrets only if an attacker makes the requests and
 * can put guesses beside the secret. Every caller sends a token in a header, which no web page
 * can, and the answers that hold a token or a secret are not compressed.
 */
export class Compression {
  readonly #limits: CompressionLimits
  /** The same kept body is asked for by many at once just after the catalogue has changed. */
  readonly #underWay = new WeakMap<Buffer, Map<Coding, Promise<Buffer>>>()
  #bodies = 0
  #streams = 0

  constructor(limits: CompressionLimits = LIMITS) {
    this.#limits = limits
  }

  /** To be called before the server listens. */
  addTo(app: FastifyInstance): void {
    app.addHook('onSend', (request, reply, payload, done) => {
      const forms = formsToCompress(reply)
      if (forms === undefined) return done(null, payload)
      if (reply.statusCode === 304) addVary(reply) // RFC 9110, 15.4.5
      if (hasNoBody(request, reply, payload)) return done(null, payload)
      forgetCoding(reply)
      addVary(reply)
      const { coding, isPlainRefused } = readAcceptEncoding(request.headers['accept-encoding'])
      if (coding === undefined) return done(null, payload)
      if (payload === undefined || payload === null) {
        // HEAD of a list that GET would stream.
        return done(null, void reply.header('content-encoding', coding))
      }
      if (payload instanceof Readable) return done(null, this.#stream(payload, coding, reply))
      const body = Buffer.isBuffer(payload) ? payload : Buffer.from(String(payload))
      if (isLeftPlain(body, isPlainRefused)) return done(null, payload)
      const form = this.#form(body, coding, forms)
      if (form === undefined) return done(null, payload)
      const send = (bytes: Buffer) => {
        reply.header('content-encoding', coding).removeHeader('content-length')
        done(null, bytes)
      }
      if (Buffer.isBuffer(form)) send(form)
      else form.then(send, done)
    })
  }

  /**
   * The form in which a body is sent to who accepts these codings, and its coding.
   * @returns undefined if making it takes a while
   */
  atOnce(
    body: Buffer,
    { coding, isPlainRefused }: Accepted,
    kept: KeptForms,
  ): { body: Buffer; coding: Coding | undefined } | undefined {
    if (coding === undefined || isLeftPlain(body, isPlainRefused)) {
      return { body, coding: undefined }
    }
    const known = kept.get(coding)
    if (known !== undefined) return { body: known, coding }
    if (body.length > COMPRESSED_AT_ONCE_BYTES_MAX) return undefined
    return { body: this.#compressNow(body, coding, kept), coding }
  }

  #compressNow(body: Buffer, coding: Coding, kept: KeptForms): Buffer {
    const form = ENCODERS[coding].now(body)
    kept.put(coding, form)
    return form
  }

  /** @returns undefined if too much is being compressed. */
  #form(body: Buffer, coding: Coding, kept: KeptForms): Buffer | Promise<Buffer> | undefined {
    const known = kept.get(coding) ?? this.#underWay.get(body)?.get(coding)
    if (known !== undefined) return known
    if (body.length <= COMPRESSED_AT_ONCE_BYTES_MAX) {
      return this.#compressNow(body, coding, kept)
    }
    if (this.#bodies >= this.#limits.bodiesMax) return undefined
    return this.#compress(body, coding, kept)
  }

  #compress(body: Buffer, coding: Coding, kept: KeptForms): Promise<Buffer> {
    const begun = this.#underWay.get(body) ?? new Map<Coding, Promise<Buffer>>()
    this.#bodies += 1
    const form = ENCODERS[coding].inAnotherThread(body).finally(() => {
      this.#bodies -= 1
      begun.delete(coding)
    })
    this.#underWay.set(body, begun.set(coding, form))
    return form.then((bytes) => {
      kept.put(coding, bytes)
      return bytes
    })
  }

  #stream(list: Readable, coding: Coding, reply: FastifyReply): Readable {
    if (this.#streams >= this.#limits.streamsMax) return list
    const encoder = ENCODERS[coding].stream()
    this.#streams += 1
    encoder.once('close', () => {
      this.#streams -= 1
    })
    reply.header('content-encoding', coding)
    // What fails, or leaves, ends both; the framework and the face hear of it from the streams.
    return pipeline(list, encoder, () => undefined)
  }
}

function isLeftPlain(body: Buffer, isPlainRefused: boolean): boolean {
  return body.length <= COMPRESSED_BYTES_MIN && !isPlainRefused
}

/** A HEAD without a body is one of a stream, whose headers are the same as with GET. */
function hasNoBody({ method }: FastifyRequest, { statusCode }: FastifyReply, payload: unknown) {
  if (statusCode === 204 || statusCode === 304) return true
  if (payload === undefined || payload === null) return method !== 'HEAD' || statusCode !== 200
  return payload === ''
}

/** A stream that failed before its first byte is answered with a fault, which is another body. */
function forgetCoding(reply: FastifyReply): void {
  reply.removeHeader('content-encoding')
  if (!reply.raw.headersSent) reply.raw.removeHeader('content-encoding')
}

/** On plain answers too: another caller of the same address may get the other form. */
function addVary(reply: FastifyReply): void {
  const given = String(reply.getHeader('vary') ?? '')
  const names = given.toLowerCase().split(',')
  if (names.some((name) => ['*', 'accept-encoding'].includes(name.trim()))) return
  reply.header('vary', given === '' ? 'Accept-Encoding' : `${given}, Accept-Encoding`)
}
