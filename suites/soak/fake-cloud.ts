/**
 * A Glance or a Keystone of a few lines, as a process that can be stopped and killed:
 *
 *   node fake-cloud.ts glance PORT
 */
import { createServer } from 'node:http'
import { goodKeystone, row, TOKEN } from '../../test/cloud/stand.ts'
import { type Choose, json, page, status } from '../../test/upstream/fake-upstream.ts'

const GOOD_TOKENS = 'gAAAAA-good'
const IMAGES = 20

const rows = Array.from({ length: IMAGES }, (_, i) => {
  return row(`00000000-0000-4000-8000-${String(i + 1).padStart(12, '0')}`)
})

const glance: Choose = ({ path }) => {
  if (path === '/v2/images') return page(rows)
  if (path === '/versions') return json(200, { versions: [] })
  const image = rows.find((each) => path === `/v2/images/${(each as { id: string }).id}`)
  return image === undefined ? status(404) : json(200, image)
}

const keystone: Choose = (request) => {
  const isGood = request.headers['x-subject-token']?.startsWith(GOOD_TOKENS)
  const headers = isGood ? { ...request.headers, 'x-subject-token': TOKEN } : request.headers
  return goodKeystone({ ...request, headers })
}

const [, , kind, port] = process.argv
const choose = kind === 'glance' ? glance : keystone
const server = createServer((message, response) => {
  const [path = '', query = ''] = (message.url ?? '').split('?')
  const headers = message.headers as Record<string, string | undefined>
  const seen = { method: message.method ?? '', path, query, headers, body: '' }
  message.resume().on('end', () => choose(seen)(seen, response))
})
server.keepAliveTimeout = 60_000
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'))
