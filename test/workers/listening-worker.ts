// A worker that greets whoever connects.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { beWorker } from '../../src/workers/worker.ts'

const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())

await beWorker({
  stop: stop.signal,
  async serve() {
    const server = createServer((socket) => socket.end('hello'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const nothing = async () => undefined
    return { started: { urls: [String(port)] }, reload: nothing, leave: nothing, close: nothing }
  },
  explain: String,
})
