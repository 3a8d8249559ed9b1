import { BlockList, isIPv4, isIPv6 } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { FastifyRequest } from 'fastify'

/** Where a face's links start: decided per request by `resolveBaseUrl`. */
export interface BaseUrlPolicy {
  /** A configured public URL, without a slash at its end; it has precedence. */
  readonly publicUrl: string | undefined
  /** Addresses whose forwarded headers are believed. */
  readonly trustedProxies: BlockList
}

/**
 * Host as in RFC 3986: a name or IPv4 address, or an IPv6 address in brackets; then, maybe, a port.
 * It goes into links, so nothing else is accepted.
 */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253})|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/
const PREFIX = /^((?:\/[A-Za-z0-9._~-]+)*)\/*$/
const ABSOLUTE_FORM = /^([a-z]+):\/\/([^/?#]*)/i

/**
 * Scheme, host and prefix that the caller used, for links; undefined if Host is missing, repeated
 * or malformed. An absolute-form target has precedence over Host; the scheme's own port is dropped,
 * as webob does (webob/request.py, host_url).
 */
export function resolveBaseUrl(request: FastifyRequest, policy: BaseUrlPolicy): string | undefined {
  const hosts = hostHeaders(request.raw.rawHeaders)
  const absolute = ABSOLUTE_FORM.exec(request.originalUrl)
  const given = hosts[0]
  if (hosts.length !== 1 || given === undefined || !HOST.test(given)) return undefined
  if (absolute !== null && !HOST.test(absolute[2] ?? '')) return undefined
  if (policy.publicUrl !== undefined) return policy.publicUrl
  const forwarded = isTrusted(request, policy.trustedProxies) ? forwardedBy(request) : NOTHING
  const scheme = forwarded.scheme ?? (isOverTls(request) ? 'https' : 'http')
  const host = forwarded.host ?? absolute?.[2] ?? given
  const usual = scheme === 'https' ? ':443' : ':80'
  const shown = host.endsWith(usual) ? host.slice(0, -usual.length) : host
  const base = `${scheme}://${shown}${forwarded.prefix ?? ''}`
  // `999.0.0.1` and port 99999 look like a host, and fail wherever they are parsed as one.
  return URL.canParse(base) ? base : undefined
}

function isOverTls({ raw }: FastifyRequest): boolean {
  return (raw.socket as Partial<TLSSocket>).encrypted === true
}

/** Node keeps only the first of several, so the raw headers are read. */
function hostHeaders(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'host')
}

interface Forwarded {
  readonly scheme?: string
  readonly host?: string
  readonly prefix?: string
}

const NOTHING: Forwarded = {}

/**
 * What the nearest proxy says: the last value of each X-Forwarded header; malformed ones are
 * ignored.
 */
function forwardedBy(request: FastifyRequest): Forwarded {
  const last = (name: string) => {
    const value = request.headers[name]
    return (Array.isArray(value) ? value.join(',') : value)?.split(',').at(-1)?.trim()
  }
  const proto = last('x-forwarded-proto')?.toLowerCase()
  const host = last('x-forwarded-host')
  const prefix = PREFIX.exec(last('x-forwarded-prefix') ?? '')?.[1]
  return {
    ...(proto === 'http' || proto === 'https' ? { scheme: proto } : {}),
    ...(host !== undefined && HOST.test(host) ? { host } : {}),
    ...(prefix === undefined ? {} : { prefix }),
  }
}

function isTrusted(request: FastifyRequest, trusted: BlockList): boolean {
  const address = request.raw.socket.remoteAddress
  if (address === undefined) return false
  const v4 = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
  if (isIPv4(v4)) return trusted.check(v4, 'ipv4')
  return isIPv6(address) && trusted.check(address, 'ipv6')
}

/** @param entries addresses (`10.0.0.7`) and networks (`10.0.0.0/8`), already checked. */
export function trustedProxyList(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}
