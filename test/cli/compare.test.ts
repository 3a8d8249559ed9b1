import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { randomRequests } from '../../src/cli/compare/random-requests.ts'
import { runCommand } from './harness.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-compare-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const ENVIRONMENT = { HOME: dir, OS_TOKEN: 'secret-token', OS_PROJECT_ID: 'p1' }
const IMAGE = {
  id: 'i1',
  name: 'one',
  created: '2026-01-01T00:00:00Z',
  updated: '2026-01-02T00:00:00Z',
  minRam: 0,
  minDisk: 0,
  metadata: { os_distro: 'debian' },
}

interface FakeNova extends AsyncDisposable {
  readonly url: string
  readonly asked: readonly string[]
}

type Answering = (request: IncomingMessage, response: ServerResponse, base: string) => void

/** Lists one image, with a link to itself and request ids of its own, as any Nova does. */
async function startNova(answer: Answering = () => undefined): Promise<FakeNova> {
  const asked: string[] = []
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    asked.push(`${request.method} ${request.url}`)
    const base = `http://${request.headers.host}`
    const id = `req-00000000-0000-4000-8000-${String(requests).padStart(12, '0')}`
    response.setHeader('X-OpenStack-Request-ID', id)
    response.setHeader('Content-Type', 'application/json')
    answer(request, response, base)
    if (response.headersSent || response.writableEnded || response.destroyed) return
    const links = [{ rel: 'self', href: `${base}/v2.1/p1/images/i1` }]
    response.end(JSON.stringify({ images: [{ ...IMAGE, links }] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function compare(...args: readonly string[]) {
  return runCommand(['compare', ...args], { cwd: dir, environment: ENVIRONMENT })
}

describe('what is the same', () => {
  it('ends with 0 when links, request ids and dates alone differ', async () => {
    await using a = await startNova()
    await using b = await startNova()
    const { code, stdout, stderr } = await compare(`${a.url}/v2.1/p1`, `${b.url}/`)
    assert.equal(stderr.split('\n')[1], `${a.asked.length - 1} answers, all the same`)
    assert.equal(stdout, '')
    assert.equal(code, 0)
    assert.deepEqual(a.asked.toSorted(), b.asked.toSorted())
    assert.ok(a.asked.includes('GET /v2/p1/images/detail?name=one'))
    assert.ok(a.asked.every((line) => /^(GET|HEAD|OPTIONS) /.test(line)))
  })

  it('asks once more before it believes a difference', async () => {
    let changing = 3
    await using a = await startNova()
    await using b = await startNova((_, response) => {
      if (changing > 0) response.statusCode = 503
      changing -= 1
    })
    assert.equal((await compare(a.url, b.url)).code, 0)
  })

  it('gives both the same Host when there is one to give', async () => {
    const hosts = new Set<string | undefined>()
    const see: Answering = (request) => hosts.add(request.headers.host)
    await using a = await startNova(see)
    await using b = await startNova(see)
    const { code } = await compare(a.url, b.url, '--as-host', 'compute.example:8774')
    assert.equal(code, 0)
    assert.ok(hosts.has('compute.example:8774'))
  })
})

describe('what differs', () => {
  it('says what, where and how often, and ends with 1', async () => {
    await using a = await startNova()
    await using b = await startNova((request, response, base) => {
      if (!request.url?.endsWith('status=ACTIVE')) return
      response.statusCode = 203
      const links = [{ rel: 'self', href: `${base}/elsewhere` }]
      response.end(JSON.stringify({ images: [{ ...IMAGE, name: 'two\u001b', links }] }))
    })
    const { code, stdout, stderr } = await compare(a.url, b.url)
    assert.equal(code, 1)
    assert.match(stderr, /^afterimage: 2 of \d+ answers differ$/m)
    const shown = [
      '    status: A 200, B 203',
      '    body.images.0.name: A "one", B "two\\u001b"',
      '    body.images.0.links.0.href: A "{base}/v2.1/p1/images/i1", B "{base}/elsewhere"',
    ].join('\n')
    for (const version of ['v2', 'v2.1']) {
      const request = `GET /${version}/{project}/images/detail?status=ACTIVE`
      assert.ok(stdout.includes(`${request}\n${shown}\n`), stdout)
    }
    assert.ok(stdout.includes('     2  body.images.*.links.*.href\n'), stdout)
  })

  it('sees headers, and a connection that is closed without an answer', async () => {
    await using a = await startNova((_, response) => response.setHeader('Vary', 'Accept, X-One'))
    await using b = await startNova((request, response) => {
      response.setHeader('Vary', 'accept')
      response.setHeader('Content-Type', 'text/plain')
      response.removeHeader('X-OpenStack-Request-ID')
      if (request.url === '/v2') response.destroy()
    })
    const { stdout } = await compare(a.url, b.url, '--json')
    const { differences } = JSON.parse(stdout)
    const places = (path: string) =>
      differences
        .find((one: { request: { path: string } }) => one.request.path === path)
        .problems.map(({ where }: { where: string }) => where)
    assert.deepEqual(places('/v2'), ['status'])
    assert.deepEqual(places('/v2/'), [
      'header:content-type',
      'header:x-openstack-request-id',
      'header:vary',
    ])
  })

  it('is told in the order of the requests, however long each takes', async () => {
    const paths = Array.from({ length: 9 }, (_, index) => `/v2.1/{project}/images/${index}`)
    const lines = paths.map((path) => JSON.stringify({ method: 'GET', path }))
    writeFileSync(join(dir, 'nine.jsonl'), lines.join('\n'))
    await using a = await startNova()
    await using b = await startNova((request, response) => {
      if (request.url?.endsWith('/3')) return
      response.writeHead(203).flushHeaders()
      setTimeout(() => response.end('{}'), request.url?.endsWith('/0') ? 100 : 0)
    })
    const asked = ['--requests', 'nine.jsonl']
    const { stdout } = await compare(a.url, b.url, ...asked, '--json')
    const told = JSON.parse(stdout)
    assert.equal(told.requests, 9)
    assert.deepEqual(
      told.differences.map(({ request }: { request: { path: string } }) => request.path),
      paths.filter((path) => !path.endsWith('/3')),
    )
    const none = await compare(a.url, a.url, ...asked, '--json')
    assert.deepEqual(JSON.parse(none.stdout).differences, [])
  })

  it('prints no token', async () => {
    await using a = await startNova()
    await using b = await startNova((_, response) => response.end('{}'))
    for (const flags of [[], ['--json']]) {
      const { stdout, stderr } = await compare(a.url, b.url, ...flags)
      assert.notEqual(stdout, '')
      assert.doesNotMatch(stdout + stderr, /secret-token/)
    }
  })
})

describe('requests of a file', () => {
  const file = join(dir, 'asked.jsonl')

  it('sends what reads and can be filled in, as it is, and counts the rest', async () => {
    const lines = [
      { method: 'GET', path: '//{project}/./images?a=%zz', headers: { 'X-Auth-Token': '{token}' } },
      { method: 'DELETE', path: '/v2/{project}/images/i1' },
      { method: 'GET', path: '/v2/{project}/images/{image:gone}' },
      { method: 'GET', path: '/v2', body: 'x' },
    ]
    writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'))
    await using a = await startNova()
    await using b = await startNova()
    const { code, stderr } = await compare(a.url, b.url, '--requests', 'asked.jsonl')
    assert.equal(code, 0)
    assert.match(stderr, /^1 requests of asked.jsonl; 3 left out/)
    assert.deepEqual(b.asked.slice(1), ['GET //p1/./images?a=%zz'])
  })

  it('names the line that is wrong', async () => {
    await using a = await startNova()
    const cases = [
      ['{}\n{', 'asked.jsonl:1: needs "method"'],
      ['\n{', 'asked.jsonl:2: is not JSON'],
      ['{"method":"GET","path":"/","headers":{"a":1}}', 'asked.jsonl:1: "headers" must hold texts'],
    ] as const
    for (const [text, message] of cases) {
      writeFileSync(file, text)
      const { code, stderr } = await compare(a.url, a.url, '--requests', 'asked.jsonl')
      assert.equal(code, 2)
      assert.ok(stderr.includes(message), stderr)
    }
  })
})

describe('requests by chance', () => {
  it('are the same for the same seed, which is printed', async () => {
    await using a = await startNova()
    await using b = await startNova()
    const one = await compare(a.url, a.url, '--random', '40', '--seed', '7')
    const two = await compare(b.url, b.url, '--random', '40', '--seed', '7')
    assert.match(one.stderr, /^40 requests by chance, --seed 7\n/)
    assert.equal(two.code, 0)
    assert.deepEqual(a.asked.toSorted(), b.asked.toSorted())
    const other = randomRequests(40, 8, [])
    assert.notDeepEqual(other, randomRequests(40, 9, []))
  })
})

describe('being called wrongly', () => {
  it('says what to do', async () => {
    const cases = [
      [['nova', 'http://b'], 2, '"nova" must be a URL'],
      [['http://a', 'http://b', '--random', '1', '--requests', 'x'], 2, 'give one of them'],
      [['http://a/?b=c', 'http://b'], 2, '"http://a/?b=c" must be a URL'],
      [['http://a', 'http://b', '--requests', 'none'], 2, '--requests none: there is no such file'],
      [['http://a', 'http://b', '--requests', '.'], 2, '--requests .: it is a folder'],
      [['http://a', 'http://b', '--random', 'x'], 2, 'must be a whole number'],
      [['http://127.0.0.1:1', 'http://127.0.0.1:1'], 1, 'cannot reach http://127.0.0.1:1'],
    ] as const
    for (const [args, exit, message] of cases) {
      const { code, stderr } = await compare(...args)
      assert.equal(code, exit)
      assert.ok(stderr.includes(message), stderr)
    }
  })

  const answers = (status: number, text?: string): Answering => {
    return (_, response) => {
      response.statusCode = status
      if (text !== undefined) response.end(text)
    }
  }

  it('takes two that refuse everything, or are something else, for no proof', async () => {
    await using good = await startNova()
    const cases = [
      [answers(401), 'refuses the token (401)'],
      [answers(404), 'answers 404 to /v2.1/p1/images/detail'],
      [answers(300), 'answers 300 to'],
    ] as const
    for (const [answer, message] of cases) {
      await using bad = await startNova(answer)
      for (const pair of [
        [bad.url, bad.url],
        [good.url, bad.url],
        [bad.url, good.url],
      ]) {
        const { code, stdout, stderr } = await compare(...pair)
        assert.equal(code, 1)
        assert.equal(stdout, '')
        assert.ok(stderr.startsWith(`afterimage: ${bad.url} ${message}`), stderr)
      }
    }
    await using web = await startNova(answers(200, '<html>'))
    const { code, stderr } = await compare(web.url, web.url)
    assert.equal(code, 1)
    assert.match(stderr, /with no list of images: check the address$/m)
  })

  it('ends when the token expires meanwhile', async () => {
    let good = 20
    await using nova = await startNova((request, response) => {
      if (request.headers['x-auth-token'] !== 'secret-token') return
      good -= 1
      if (good < 0) response.statusCode = 401
    })
    const { code, stdout, stderr } = await compare(nova.url, nova.url)
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr, /both refuse the token by now \(401\)/)
    assert.ok(nova.asked.length < 40, `${nova.asked.length} requests`)
  })

  it('needs to know the project of a token that is given', async () => {
    const environment = { HOME: dir, OS_TOKEN: 'secret-token' }
    const { code, stderr } = await runCommand(['compare', 'http://a', 'http://b'], {
      cwd: dir,
      environment,
    })
    assert.equal(code, 1)
    assert.match(stderr, /set OS_PROJECT_ID/)
  })
})
