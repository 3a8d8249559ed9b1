import { isIPv6 } from 'node:net'

const IPV6_GROUPS = 8
/** The owner of one IPv6 address has the whole /64 around it. */
const NETWORK_GROUPS = 4

/** The part of an address that is costly to change: an IPv4 address, or the /64 of an IPv6 one. */
export function addressGroup(address: string): string {
  const bare = address.split('%', 1)[0] ?? ''
  if (!isIPv6(bare)) return bare
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail] = bare.split('::', 2)
  const left = groupsOf(head)
  const right = tail === undefined ? [] : groupsOf(tail)
  const missing = Math.max(0, IPV6_GROUPS - left.length - right.length)
  const groups = [...left, ...Array<string>(missing).fill('0'), ...right]
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => Number.parseInt(group, 16))
  return `${network.map((group) => group.toString(16)).join(':')}::/64`
}

/** A dotted tail (`::1.2.3.4`) stands for two groups; its digits are beyond the network part. */
function groupsOf(text: string): string[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]))
}
