import type { Socket } from 'node:net'
import { LINGER_MS } from './limits.ts'

/**
 * Ends a connection whose caller may still be sending. What has been written goes out; what comes in
 * is read and dropped for LINGER_MS, or until the caller is done.
 */
export function hangUp(socket: Socket): void {
  if (socket.destroyed) return
  socket.end()
  socket.resume()
  const cut = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(cut))
}

/** Makes Node, which would close with a reset what has unread bytes, hang up in that way instead. */
export function hangUpAfterAnswer(socket: Socket): void {
  socket.destroySoon = () => hangUp(socket)
}
