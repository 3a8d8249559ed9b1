import type { ServerResponse } from 'node:http'

/**
 * Aborted when the caller hangs up before the answer is through. One who only stops sending looks
 * the same, and no HTTP client does that: work for somebody else is not gone on with.
 */
export function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  const { socket } = response
  if (response.destroyed || socket?.readableEnded === true) return AbortSignal.abort()
  const leave = () => controller.abort()
  socket?.once('end', leave)
  response.once('close', () => {
    socket?.off('end', leave)
    if (!response.writableFinished) leave()
  })
  return controller.signal
}
