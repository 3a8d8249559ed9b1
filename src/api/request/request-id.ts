import type { Asked } from './asked.ts'

/** Mirrors oslo_middleware/request_id.py (ID_FORMAT). */
const REQUEST_ID = /^req-[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}$/

/** The request id that other services get: the caller's own, if it is valid. */
export function passedOnRequestId({ headers, id }: Asked): string {
  const given = headers['x-openstack-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : id
}
