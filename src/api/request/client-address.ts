import { type BlockList, isIP, isIPv4 } from 'node:net'
import type { Asked } from './asked.ts'

/**
 * The address a request comes from. A trusted proxy's X-Forwarded-For is believed: it is read from
 * the nearest address back to the first one that is not trusted.
 */
export function clientAddress(request: Asked, trusted: BlockList): string {
  const header = request.headers['x-forwarded-for']
  const named = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',')
  let address = request.raw.socket.remoteAddress ?? ''
  for (const hop of named.map((text) => text.trim()).reverse()) {
    if (isIP(hop) === 0 || !isTrusted(address, trusted)) break
    address = hop
  }
  return address
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
  if (isIPv4(plain)) return trusted.check(plain, 'ipv4')
  return isIP(address) === 6 && trusted.check(address, 'ipv6')
}
