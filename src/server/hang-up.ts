import type { Socket } from 'node:net'
import { LINGER_MS } from './limits.ts'

const leaving = new WeakSet<Socket>()

/** Whether the connection is being closed, so that no further request on it is handled. */
export function isLeaving(socket: Socket): boolean {
  return leaving.has(socket)
}

/**
 * Closes a connection whose caller may still be sending. Written data is sent; incoming data is
 * read and dropped for LINGER_MS, or until the caller ends.
 */
export function hangUp(socket: Socket): void {
  leaving.add(socket)
  if (socket.destroyed) return
  socket.end()
  socket.resume()
  const cut = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(cut))
}

/** Makes Node close in that way; it would reset a connection with unread bytes. */
export function hangUpAfterAnswer(socket: Socket): void {
  leaving.add(socket)
  socket.destroySoon = () => hangUp(socket)
}
