import type { ServerResponse } from 'node:http'

/**
 * How long a caller who has closed the sending side, and has received nothing since, counts as
 * present. After that the work for them is cancelled: nearly always they have left.
 */
const HALF_CLOSED_PATIENCE_MS = 1000

/** Aborted when the caller hangs up before the answer is through. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  const { socket } = response
  if (response.destroyed) return AbortSignal.abort()
  let timer: NodeJS.Timeout | undefined
  const stopSending = () => {
    // Once something is sent, a connection that has gone says so by itself.
    timer = setTimeout(() => response.headersSent || controller.abort(), HALF_CLOSED_PATIENCE_MS)
  }
  if (socket?.readableEnded === true) stopSending()
  else socket?.once('end', stopSending)
  response.once('close', () => {
    clearTimeout(timer)
    socket?.off('end', stopSending)
    if (!response.writableFinished) controller.abort()
  })
  return controller.signal
}
