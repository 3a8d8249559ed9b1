import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { pino } from 'pino'
import type { Face } from '../../src/api/face/face.ts'
import { createHttpServer } from '../../src/server/http-server.ts'

test('a sender that leaves in the midst of a body is nobody’s error', async () => {
  const log: string[] = []
  let isCarriedOut = false
  const face: Face = {
    name: 'image',
    requestIdHeaders: [],
    bodyBytesMax: 1000,
    operationOf: () => 'post',
    printFailure: ({ message }) => ({ contentType: 'text/plain', body: message }),
    register(app) {
      app.post('/', async () => {
        isCarriedOut = true
        return ''
      })
    },
  }
  const app = createHttpServer(face, pino({ level: 'warn' }, { write: (line) => log.push(line) }))
  const ended = new Promise<void>((resolve) => app.addHook('onResponse', async () => resolve()))
  const aborted = new Promise<void>((resolve) =>
    app.server.on('request', (request) => request.on('close', resolve)),
  )
  await app.listen({ host: '127.0.0.1', port: 0 })
  try {
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf')
    await once(app.server, 'request')
    socket.resetAndDestroy()
    await aborted
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 200))])
    assert.deepEqual(log, [])
    assert.equal(isCarriedOut, false)
  } finally {
    await app.close()
  }
})
