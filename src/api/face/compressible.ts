import type { FastifyReply } from 'fastify'

/** Compressed forms of one body, kept beside it for as long as it is kept itself. */
export interface KeptForms {
  /** @param coding as in Content-Encoding */
  get(coding: string): Buffer | undefined
  put(coding: string, form: Buffer): void
}

/** Of a body that is sent once. */
export const NOT_KEPT: KeptForms = { get: () => undefined, put: () => undefined }

const allowed = new WeakMap<FastifyReply, KeptForms>()

/**
 * Lets the server compress this answer. Nothing is compressed without it: image data, another
 * service's answers and tokens must not be.
 */
export function allowCompression(reply: FastifyReply, forms: KeptForms = NOT_KEPT): void {
  allowed.set(reply, forms)
}

/** undefined: the answer is to be sent as it is. */
export function formsToCompress(reply: FastifyReply): KeptForms | undefined {
  return allowed.get(reply)
}
