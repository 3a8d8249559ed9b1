import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Caller, Identity } from '../../../src/identity/identity.ts'
import { CallLedger } from '../../../src/ledger/call-ledger.ts'
import type { CallerDocument } from '../../../src/ledger/document.ts'
import { LedgerFile } from '../../../src/ledger/ledger-file.ts'
import { ALT, DEMO, makeImage, startServer, users } from './server.ts'

const folder = mkdtempSync(join(tmpdir(), 'afterimage-callers-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const PATH = '/afterimage/callers'
const SETTINGS = { rowsMax: 100, retentionDays: 30, withUsers: false, withAddresses: false }
let files = 0

/** `owner` administers the project `ALT` alone. */
const people: Identity = {
  async authenticate(token: string): Promise<Caller | undefined> {
    const admin = await users.authenticate('admin')
    if (token !== 'owner' || admin === undefined) return users.authenticate(token)
    return { ...admin, projectId: ALT, isProjectAdmin: true }
  },
}

async function serve() {
  files += 1
  const file = new LedgerFile(join(folder, `${files}.db`))
  const ledger = new CallLedger(file, SETTINGS, (error) => assert.fail(String(error)))
  const image = makeImage()
  const server = await startServer([image], people, { ledger })
  const read = async (query = '', token = 'admin') => {
    const answer = await server.ask(`${PATH}${query}`, { headers: { 'x-auth-token': token } })
    return {
      ...answer,
      callers: (answer.json as { callers?: readonly CallerDocument[] }).callers ?? [],
      next: (answer.json as { callers_links?: readonly { href: string }[] }).callers_links,
    }
  }
  return {
    ...server,
    image,
    read,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      ledger.close()
    },
  }
}

test('who called is there at once: refused calls too, and none that asked for something else', async () => {
  await using server = await serve()
  const { image, ask, read } = server
  await ask(`/v2.1/${DEMO}/images/detail?status=ACTIVE`, {
    headers: { 'user-agent': 'openstacksdk/0.101.0 keystoneauth1/5.0.0' },
  })
  await ask(`/v2/${DEMO}/images/${image.id}`)
  await ask(`/v2.1/images/${image.id}`, { headers: { 'openstack-api-version': 'compute 2.40' } })
  await ask(`/v2.1/images`, { headers: { 'x-auth-token': 'nobody' } })
  await ask(`/v2.1/${DEMO}/servers`)
  await ask('/deprecation')
  const { status, headers, callers } = await read()
  assert.equal(status, 200)
  assert.equal(headers['cache-control'], 'private, no-cache')
  assert.deepEqual(
    callers.map((row) => [row.client, row.operation, row.filters, row.prefix, row.microversion]),
    [
      ['openstacksdk', 'list_images_detail', ['status'], 'v2.1', '2.1'],
      ['other', 'show_image', [], 'v2', ''],
      ['other', 'show_image', [], 'v2.1', '2.40'],
    ],
  )
  assert.deepEqual(new Set(callers.map((row) => row.project_id)), new Set([DEMO]))
})

test('pages and filters', async () => {
  await using server = await serve()
  for (const operation of ['images', 'images/detail', 'images/detail?limit=1']) {
    await server.ask(`/v2.1/${DEMO}/${operation}`)
  }
  await server.ask('/v2.1/images', { headers: { 'x-auth-token': 'alt', 'user-agent': 'curl/8' } })
  const first = await server.read('?limit=3')
  assert.equal(first.callers.length, 3)
  const href = first.next?.[0]?.href ?? ''
  assert.match(href, /^http:\/\/compute\.test\/afterimage\/callers\?limit=3&marker=3$/)
  const rest = await server.read(`?${href.split('?')[1]}`)
  assert.deepEqual(
    rest.callers.map((row) => row.project_id),
    [ALT],
  )
  assert.equal(rest.next, undefined)
  assert.equal((await server.read(`?project_id=${ALT}`)).callers.length, 1)
  assert.equal((await server.read('?client=curl')).callers.length, 1)
  assert.equal((await server.read('?since=2999-01-01')).callers.length, 0)
  assert.equal((await server.read('?since=2020-01-01T00:00:00Z')).callers.length, 4)
  for (const query of ['?since=yesterday', '?limit=x', '?marker=-1', '?client=%ff']) {
    assert.equal((await server.read(query)).status, 400, query)
  }
})

test('only an administrator sees it, of one project only that project', async () => {
  await using server = await serve()
  await server.ask(`/v2.1/${DEMO}/images`)
  await server.ask('/v2.1/images', { headers: { 'x-auth-token': 'alt' } })
  assert.equal((await server.read('', 'nobody')).status, 401)
  assert.equal((await server.read('', 'demo')).status, 403)
  const own = await server.read('', 'owner')
  assert.deepEqual(
    own.callers.map((row) => row.project_id),
    [ALT],
  )
  const strange = await server.read(`?project_id=${DEMO}`, 'owner')
  const missing = await server.read('?project_id=nosuch', 'owner')
  assert.deepEqual([strange.status, strange.text], [missing.status, missing.text])
  assert.equal(strange.text, '{"callers":[]}')
  const post = await server.ask(PATH, { method: 'POST', headers: { 'x-auth-token': 'admin' } })
  assert.deepEqual([post.status, post.headers['allow']], [405, 'GET, HEAD, OPTIONS'])
  const head = await server.ask(PATH, { method: 'HEAD', headers: { 'x-auth-token': 'admin' } })
  assert.deepEqual([head.status, head.text], [200, ''])
})

test('without a ledger there is nothing', async () => {
  await using server = await startServer([])
  const answer = await server.ask(PATH, { headers: { 'x-auth-token': 'admin' } })
  assert.equal(answer.status, 404)
  assert.equal((await server.ask(`${PATH}/`)).status, 300) // a path like any other
})
