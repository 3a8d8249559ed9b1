import type { ServerOptions } from 'node:https'
import { Server as TlsServer } from 'node:tls'
import type { KeyPair } from '../config/key-pair.ts'

/** Older versions are broken (RFC 8996). */
const VERSION_MIN = 'TLSv1.2'
/** A failed handshake leaves no HTTP parser, and an answer would go nowhere. */
const TLS_ERROR = /^(?:ERR_SSL_|ERR_TLS_|EPROTO$)/

/** What an HTTP server needs to speak TLS, and only HTTP/1.1 over it. */
export function tlsOptions(pair: KeyPair, handshakeTimeout: number): ServerOptions {
  return {
    ...contextOf(pair),
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout,
  }
}

/** Whether the server speaks TLS. */
export function isTls(server: object): boolean {
  return server instanceof TlsServer
}

/**
 * Lets a caller close its sending side after a request, as over plain HTTP; but not in a handshake,
 * where nobody would notice that the caller has left.
 */
export function allowHalfOpen(server: object): void {
  if (!(server instanceof TlsServer)) return
  server.on('secureConnection', (socket) => {
    socket.allowHalfOpen = true
  })
}

/** Serves new connections with this certificate; those that are open go on with theirs. */
export function renewKeyPair(server: object, pair: KeyPair): void {
  if (server instanceof TlsServer) server.setSecureContext(contextOf(pair))
}

function contextOf({ certificates, key }: KeyPair) {
  return { cert: certificates, key: key.reveal(), minVersion: VERSION_MIN } as const
}

/** Whether an error is about TLS, so that nothing can be said to the caller. */
export function isTlsError({ code }: { readonly code?: string }): boolean {
  return code !== undefined && TLS_ERROR.test(code)
}
