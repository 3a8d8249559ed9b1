import assert from 'node:assert/strict'
import type { Answer } from './answers.ts'
import type { Heard } from './wire.ts'

/** The fault's name for each status, where there is one. */
export const FAULT_NAMES: Readonly<Record<number, string>> = {
  400: 'badRequest',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  406: 'computeFault',
  408: 'computeFault',
  413: 'overLimit',
  415: 'badMediaType',
  500: 'computeFault',
  503: 'serviceUnavailable',
}
export const REQUEST_ID =
  /^req-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Holds an answer to Nova's fault shape. @returns the message. */
export function assertFault(answer: Answer | undefined, status: number): string {
  assert.ok(answer !== undefined, 'no answer')
  assert.equal(answer.status, status, answer.body)
  assert.ok(answer.isComplete, 'the answer was cut')
  assertRequestId(answer)
  assert.deepEqual(answer.headers.get('content-type'), ['application/json; charset=UTF-8'])
  const fault = JSON.parse(answer.body) as Record<string, { code: number; message: string }>
  assert.deepEqual(Object.keys(fault), [FAULT_NAMES[status]])
  const { code, message, ...extra } = fault[FAULT_NAMES[status] ?? ''] ?? { code: 0, message: '' }
  assert.deepEqual([code, extra], [status, {}])
  assert.ok(message.length > 0)
  return message
}

/** One fault, and then the server hangs up and says so. */
export function assertRefused({ answers, isClosed }: Heard, status: number): string {
  assert.equal(answers.length, 1)
  const message = assertFault(answers[0], status)
  assert.deepEqual(answers[0]?.headers.get('connection'), ['close'])
  assert.ok(isClosed)
  return message
}

export function assertRequestId(answer: Answer): void {
  const ids = answer.headers.get('x-openstack-request-id')
  assert.equal(ids?.length, 1)
  assert.match(ids?.[0] ?? '', REQUEST_ID)
  assert.deepEqual(answer.headers.get('x-compute-request-id'), ids)
}
