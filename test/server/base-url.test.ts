import assert from 'node:assert/strict'
import { test } from 'node:test'
import { trustedProxyList } from '../../src/api/request/base-url.ts'
import {
  IMAGE_ID,
  LIST,
  PROJECT,
  request,
  type Settings,
  type Stand,
  startServer,
} from './stand.ts'
import { say } from './wire.ts'

async function withServer(settings: Settings, use: (stand: Stand) => Promise<void>): Promise<void> {
  const stand = await startServer(settings)
  try {
    await use(stand)
  } finally {
    await stand.close()
  }
}

/** The base of the links that a request with these headers gets; the status of a refusal. */
async function base(stand: Stand, lines: string, target = '/v2/'): Promise<string | number> {
  const { answers } = await say(stand.port, `GET ${target} HTTP/1.1\r\n${lines}\r\n`, { until: 1 })
  const [answer] = answers
  if (answer?.status !== 200) return answer?.status ?? 0
  const { version } = JSON.parse(answer.body) as { version: { links: { href: string }[] } }
  return version.links[0]?.href.replace(/\/v2\/$/, '') ?? ''
}

const HOST = 'Host: cloud.test:8774\r\n'
const FORWARDED =
  'X-Forwarded-Proto: https\r\nX-Forwarded-Host: pub.test\r\nX-Forwarded-Prefix: /c\r\n'
const TRUSTING: Settings = { trustedProxies: ['127.0.0.1'] }

test('links follow Host: its case and port kept, the usual port dropped, addresses too', async () => {
  await withServer({}, async (stand) => {
    for (const [host, expected] of [
      ['cloud.test:8774', 'http://cloud.test:8774'],
      ['Cloud.Test', 'http://Cloud.Test'],
      ['cloud.test:80', 'http://cloud.test'],
      ['cloud.test:443', 'http://cloud.test:443'],
      ['127.0.0.1:8774', 'http://127.0.0.1:8774'],
      ['[::1]:8774', 'http://[::1]:8774'],
      ['under_score.test', 'http://under_score.test'],
    ] as const) {
      assert.equal(await base(stand, `Host: ${host}\r\n`), expected)
    }
  })
})

test('alternate links follow Host to the port of the Image API', async () => {
  await withServer({}, async ({ port }) => {
    const asked = request('GET', LIST, { Host: 'images.test:8774' })
    const [answer] = (await say(port, asked, { until: 1 })).answers
    const { images } = JSON.parse(answer?.body ?? '') as {
      images: { links: { rel: string; href: string }[] }[]
    }
    const alternate = images[0]?.links.find(({ rel }) => rel === 'alternate')
    assert.equal(alternate?.href, `http://images.test:9292/${PROJECT}/images/${IMAGE_ID}`)
  })
})

test('forwarded headers from a stranger change nothing', async () => {
  for (const trustedProxies of [[], ['10.0.0.0/8'], ['::1'], ['127.0.0.2']]) {
    await withServer({ trustedProxies }, async (stand) => {
      assert.equal(await base(stand, HOST + FORWARDED), 'http://cloud.test:8774')
      assert.equal(
        await base(stand, `${HOST}Forwarded: host=pub.test\r\n`),
        'http://cloud.test:8774',
      )
    })
  }
})

test('forwarded headers from a trusted proxy make the links, by address and by network', async () => {
  for (const trustedProxies of [
    ['127.0.0.1'],
    ['127.0.0.0/8'],
    ['::1', '10.0.0.1', '127.0.0.1/32'],
  ]) {
    await withServer({ trustedProxies }, async (stand) => {
      assert.equal(await base(stand, HOST + FORWARDED), 'https://pub.test/c')
    })
  }
})

test('each forwarded header counts by itself, and the nearest proxy has the last word', async () => {
  await withServer(TRUSTING, async (stand) => {
    for (const [lines, expected] of [
      ['X-Forwarded-Proto: https\r\n', 'https://cloud.test:8774'],
      ['X-Forwarded-Proto: HTTPS\r\n', 'https://cloud.test:8774'],
      ['X-Forwarded-Host: pub.test:8443\r\n', 'http://pub.test:8443'],
      ['X-Forwarded-Prefix: /a/b/\r\n', 'http://cloud.test:8774/a/b'],
      ['X-Forwarded-Prefix: /\r\n', 'http://cloud.test:8774'],
      ['X-Forwarded-Host: evil.test, pub.test\r\n', 'http://pub.test'],
      ['X-Forwarded-Host: evil.test\r\nX-Forwarded-Host: pub.test\r\n', 'http://pub.test'],
      ['X-Forwarded-Proto: http,https\r\nX-Forwarded-Host: pub.test:443\r\n', 'https://pub.test'],
      ['X-Forwarded-Port: 99\r\nForwarded: host=pub.test\r\n', 'http://cloud.test:8774'],
    ] as const) {
      assert.equal(await base(stand, HOST + lines), expected, lines)
    }
  })
})

test('malformed words of a trusted proxy are ignored', async () => {
  await withServer(TRUSTING, async (stand) => {
    for (const line of [
      'X-Forwarded-Proto: gopher',
      'X-Forwarded-Proto: https://x',
      'X-Forwarded-Proto:',
      'X-Forwarded-Host:',
      'X-Forwarded-Host: pub.test/x',
      'X-Forwarded-Host: user@pub.test',
      'X-Forwarded-Host: "pub.test"',
      'X-Forwarded-Host: pub.test,',
      'X-Forwarded-Prefix: c',
      'X-Forwarded-Prefix: //pub.test',
      'X-Forwarded-Prefix: /a//b',
      'X-Forwarded-Prefix: /a?b',
      'X-Forwarded-Prefix: /a"b',
      `X-Forwarded-Prefix: ${'/'.repeat(60_000)}"`,
    ]) {
      assert.equal(
        await base(stand, `${HOST}${line}\r\n`),
        'http://cloud.test:8774',
        line.slice(0, 60),
      )
    }
  })
})

test('a trusted proxy still has to send a Host of its own', async () => {
  await withServer(TRUSTING, async (stand) => {
    assert.equal(await base(stand, FORWARDED), 400)
    assert.equal(await base(stand, HOST + HOST + FORWARDED), 400)
  })
})

test('a public URL beats Host, the forwarded headers and an absolute target', async () => {
  const settings = { ...TRUSTING, publicUrl: 'https://compute.cloud.test/v' }
  await withServer(settings, async (stand) => {
    assert.equal(await base(stand, HOST), 'https://compute.cloud.test/v')
    assert.equal(await base(stand, HOST + FORWARDED), 'https://compute.cloud.test/v')
    assert.equal(await base(stand, HOST, 'http://x.test/v2/'), 'https://compute.cloud.test/v')
    assert.equal(await base(stand, 'Host: "\r\n'), 400)
  })
})

test('an absolute target beats Host, and a trusted proxy beats both', async () => {
  await withServer(TRUSTING, async (stand) => {
    assert.equal(await base(stand, HOST, 'http://x.test:80/v2/'), 'http://x.test')
    assert.equal(await base(stand, HOST + FORWARDED, 'http://x.test/v2/'), 'https://pub.test/c')
  })
})

test('the list of trusted proxies holds addresses and networks of both families', () => {
  const list = trustedProxyList(['10.0.0.7', '192.168.0.0/16', 'fd00::/8', '::1'])
  const trusted = (address: string, family: 'ipv4' | 'ipv6') => list.check(address, family)
  assert.ok(trusted('10.0.0.7', 'ipv4'))
  assert.ok(!trusted('10.0.0.8', 'ipv4'))
  assert.ok(trusted('192.168.255.1', 'ipv4'))
  assert.ok(!trusted('192.169.0.1', 'ipv4'))
  assert.ok(trusted('fd12::1', 'ipv6'))
  assert.ok(!trusted('fe80::1', 'ipv6'))
  assert.ok(trusted('::1', 'ipv6'))
})
