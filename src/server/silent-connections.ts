import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { isTls } from './tls.ts'

const connections = new WeakMap<Server, Set<Socket>>()
/** Connections below TLS: no longer remembered once the handshake is done. */
const shakingHands = new WeakSet<Socket>()

/** Remembers the server's open connections, for `closeSilentConnections`. */
export function rememberConnections(server: Server): void {
  const open = new Set<Socket>()
  connections.set(server, open)
  const remember = (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  }
  if (!isTls(server)) {
    server.on('connection', remember)
    return
  }
  server.on('connection', (socket: Socket) => {
    shakingHands.add(socket)
    remember(socket)
  })
  server.on('secureConnection', (socket: TLSSocket & { readonly _parent?: Socket | null }) => {
    if (socket._parent) open.delete(socket._parent)
    remember(socket)
  })
}

/** Closes connections on which no request has begun; Node 24 does not count them as idle. */
export function closeSilentConnections(server: Server): void {
  for (const socket of connections.get(server) ?? []) {
    if (socket.bytesRead === 0 || shakingHands.has(socket)) socket.destroy()
  }
}
