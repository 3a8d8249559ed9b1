import type { ChildProcess, SendHandle, Serializable } from 'node:child_process'

interface Handle {
  close(): void
}

/** What `node:cluster` says when it hands a connection to a worker. */
interface HandingOver {
  readonly cmd: 'NODE_CLUSTER'
  readonly act: 'newconn'
  readonly seq: number
}

/**
 * Closes the connections that a worker had been handed and had not taken when it ended.
 *
 * `node:cluster` holds each of them open in this process until the worker says that it took it
 * (`handoff` in lib/internal/cluster/round_robin_handle.js), and so for ever if it ends before:
 * its caller would wait for an answer that nobody gives. Nor does 'disconnect' come then, since the
 * channel still waits to hear of the connection, and so the worker would be handed another one on
 * each other port. Whether it had begun with a request is not known, so no other worker gets it.
 */
export function closeUntaken(worker: ChildProcess): void {
  const untaken = new Map<number, Handle>()
  const send = worker.send.bind(worker) as (...all: readonly unknown[]) => boolean
  const disconnect = worker.disconnect.bind(worker)
  worker.send = (message: Serializable, handle?: SendHandle | unknown, ...rest: unknown[]) => {
    if (isHandingOver(message) && isHandle(handle)) untaken.set(message.seq, handle)
    return send(message, handle, ...rest)
  }
  worker.on('internalMessage', (said: { readonly ack?: number }) => {
    if (said.ack !== undefined) untaken.delete(said.ack)
  })
  // Node calls it at the end of the channel, when all that the worker said has been heard.
  worker.disconnect = () => {
    disconnect()
    for (const handle of untaken.values()) handle.close()
    untaken.clear()
    worker.emit('disconnect')
  }
}

function isHandingOver(message: unknown): message is HandingOver {
  const { cmd, act, seq } = message as Partial<HandingOver>
  return cmd === 'NODE_CLUSTER' && act === 'newconn' && typeof seq === 'number'
}

function isHandle(handle: unknown): handle is Handle {
  return typeof (handle as Partial<Handle> | undefined)?.close === 'function'
}
