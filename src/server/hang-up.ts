import type { Socket } from 'node:net'
import { LINGER_MS } from './limits.ts'

const leaving = new WeakSet<Socket>()

/** Whether the connection is being given up, so that no further request on it is to be carried out. */
export function isLeaving(socket: Socket): boolean {
  return leaving.has(socket)
}

/**
 * Ends a connection whose caller may still be sending. What has been written goes out; what comes in
 * is read and dropped for LINGER_MS, or until the caller is done.
 */
export function hangUp(socket: Socket): void {
  leaving.add(socket)
  if (socket.destroyed) return
  socket.end()
  socket.resume()
  const cut = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(cut))
}

/** Makes Node, which would close with a reset what has unread bytes, hang up in that way instead. */
export function hangUpAfterAnswer(socket: Socket): void {
  leaving.add(socket)
  socket.destroySoon = () => hangUp(socket)
}
