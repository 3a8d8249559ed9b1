import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * The reference for all rows: a node:http server in its own process that only sends recorded
 * answers in turn. Its parent gives it sets of answers and chooses the set to send.
 */
export interface RecordedAnswer {
  readonly status: number
  /** Names and values in turn, without those that node:http adds itself. */
  readonly headers: readonly string[]
  readonly body: Uint8Array
}

export type Order =
  | { readonly kind: 'keep'; readonly name: string; readonly answers: readonly RecordedAnswer[] }
  | { readonly kind: 'send'; readonly name: string }
  | { readonly kind: 'forget' }

interface Prepared {
  readonly status: number
  readonly headers: string[]
  readonly body: Buffer
}

const sets = new Map<string, readonly Prepared[]>()
let current: readonly Prepared[] = []
let sent = 0

const server = createServer((_request, response) => {
  const answer = current[sent % current.length]
  sent += 1
  if (answer === undefined) {
    response.writeHead(500).end()
    return
  }
  response.writeHead(answer.status, answer.headers).end(answer.body)
})

process.on('message', (order: Order) => {
  if (order.kind === 'keep') sets.set(order.name, order.answers.map(prepared))
  else if (order.kind === 'send') current = sets.get(order.name) ?? []
  else sets.clear()
  sent = 0
  process.send?.('done')
})
process.on('disconnect', () => process.exit())

server.listen(0, '127.0.0.1', () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

function prepared({ status, headers, body }: RecordedAnswer): Prepared {
  return { status, headers: [...headers], body: Buffer.from(body) }
}
