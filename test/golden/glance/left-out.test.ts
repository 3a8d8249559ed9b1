import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { send } from './send.ts'
import { openStand } from './stand.ts'

test('everything that the docs say is left out answers 501, and says so', async () => {
  const doc = readFileSync(new URL('../../../docs/image-api.md', import.meta.url), 'utf8')
  const [, section = ''] = /## What of Glance is left out\n([\s\S]*?)\n## /.exec(doc) ?? []
  const rows = [...section.matchAll(/^\| [^|]+ \| (`[^|]+`) \|/gm)].map(([, where]) => where ?? '')
  const paths = rows.flatMap((where) => [...where.matchAll(/`([^`]+)`/g)].map(([, p]) => p ?? ''))
  assert.ok(paths.length >= rows.length && rows.length >= 5)
  await using stand = await openStand()
  const { base, parties } = stand.world
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const headers = { 'X-Auth-Token': parties.admin.token, Accept: 'application/json' }
      const asked = path.replace('{id}', '10000000-0000-4000-8000-000000000001')
      const { status, text } = await send(base, { method, path: asked, headers })
      assert.equal(status, 501, `${method} ${path}`)
      assert.match(JSON.parse(text).message, /not served here; images, members, tags/)
    }
  }
})
