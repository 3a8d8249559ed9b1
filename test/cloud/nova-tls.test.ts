import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PROJECT, startStand } from './stand.ts'

/** For 127.0.0.1 and localhost. */
const path = (name: string) => fileURLToPath(new URL(`../upstream/tls/${name}`, import.meta.url))

/** What a Nova with TLS answers to requests with these Hosts, and over how many connections. */
async function askBehindTls(t: TestContext, address: string, hosts: readonly string[]) {
  let connections = 0
  const nova = createServer(
    { key: readFileSync(path('server.key')), cert: readFileSync(path('server.pem')) },
    ({ headers }, response) => response.end(headers.host),
  )
  nova.on('secureConnection', () => {
    connections += 1
  })
  nova.listen(0, address === 'localhost' ? '127.0.0.1' : address)
  await once(nova, 'listening')
  t.after(() => nova.close())
  const { port } = nova.address() as AddressInfo
  const flags = {
    'compute.upstreamUrl': `https://${address}:${port}`,
    'upstream.caFile': path('ca.pem'),
  }
  await using stand = await startStand(t, { flags })
  const answers: string[] = []
  for (const host of hosts) {
    const asking = request(`${stand.running.url}/v2.1/${PROJECT}/servers`, { headers: { host } })
    asking.end()
    const [response] = await once(asking, 'response')
    let text = ''
    for await (const piece of response) text += piece
    answers.push(`${response.statusCode} ${text}`)
  }
  return { answers, connections }
}

for (const address of ['127.0.0.1', 'localhost']) {
  test(`Nova at https://${address} must be that one, whatever Host callers ask for`, async (t) => {
    const hosts = ['compute.test', 'other.test:8774', '10.0.0.1', 'localhost']
    const { answers, connections } = await askBehindTls(t, address, hosts)
    assert.deepEqual(
      answers,
      hosts.map((host) => `200 ${host}`),
    )
    assert.equal(connections, 1)
  })
}

test('a caller cannot name a Nova that is another one', async (t) => {
  const { answers, connections } = await askBehindTls(t, '127.0.0.2', ['localhost', 'x.test'])
  for (const answer of answers) assert.match(answer, /^50[23] /)
  assert.equal(connections, 0)
})
