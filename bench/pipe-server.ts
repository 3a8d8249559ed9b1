import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'

/** The reference for the whole list: a node:http server that pipes one file into every answer. */

const [file = ''] = process.argv.slice(2)

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  pipeline(createReadStream(file), response, () => undefined)
})
process.on('disconnect', () => process.exit())

server.listen(0, '127.0.0.1', () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
