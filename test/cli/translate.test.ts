import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'
import { readLines } from '../../src/cli/translate/read-lines.ts'
import { readRequest } from '../../src/cli/translate/read-request.ts'
import { runCommand } from './harness.ts'

const ID = '70a599e0-31e7-49b7-b260-868f441e862b'
const PROJECT = '0f3c5a9d7b1e4c2a8d6f0e1b2c3d4e5f'

const run = (args: readonly string[], stdin?: string) =>
  runCommand(['translate', ...args], {
    cwd: tmpdir(),
    ...(stdin === undefined ? {} : { stdin }),
  })

interface Printed {
  readonly requests: readonly {
    readonly request: string
    readonly count: number
    readonly ignored: readonly string[]
    readonly translations: Readonly<
      Record<string, { text: string | null; missing: readonly string[]; notes: readonly string[] }>
    >
  }[]
  readonly fields: readonly { readonly compute: string; readonly image: string }[]
}

async function translated(...args: string[]): Promise<Printed['requests'][number]> {
  const { code, stdout, stderr } = await run([...args, '--json'])
  assert.equal(code, 0, stderr)
  const [request] = (JSON.parse(stdout) as Printed).requests
  assert.ok(request !== undefined)
  return request
}

describe('what a request may look like', () => {
  const LIST = '?status=ACTIVE&minRam=512'
  for (const line of [
    `https://nova.example:8774/v2.1/${PROJECT}/images/detail${LIST}`,
    `https://cloud.example/compute/v2/${PROJECT}/images/detail${LIST}`,
    `/v2.1/images/detail${LIST}`,
    `images/detail${LIST}`,
    'status=ACTIVE&minRam=512',
    LIST,
    `GET /v2.1/images/detail${LIST}`,
    `192.0.2.1 - - [26/Nov/2026:10:00:00 +0000] "GET /v2.1/${PROJECT}/images/detail${LIST} HTTP/1.1" 200 312 "-" "curl"`,
    `2026-11-26 10:00:00.000 7 INFO nova.api.openstack.requestlog [req-1] 192.0.2.1 "GET /v2.1/images/detail${LIST}" status: 200 len: 3`,
    JSON.stringify({ level: 30, method: 'GET', path: `/v2.1/images/detail${LIST}` }),
    JSON.stringify({ request: `GET /v2.1/images/detail${LIST} HTTP/1.1`, status: 200 }),
  ]) {
    it(line, () => {
      const reading = readRequest(line)
      assert.ok(reading.kind === 'call' && reading.call.kind === 'list', reading.kind)
      assert.deepEqual(reading.call.list.query, { statuses: ['active'], minRamMib: 512 })
      assert.equal(reading.request, `GET images/detail${LIST}`)
    })
  }

  it('reads every call about one image', () => {
    const kindOf = (line: string) => {
      const reading = readRequest(line)
      return reading.kind === 'call' ? reading.call : reading.kind
    }
    const image = `/v2.1/${PROJECT}/images/${ID}`
    assert.deepEqual(kindOf(`HEAD ${image}`), { kind: 'show', id: ID })
    assert.deepEqual(kindOf(`DELETE ${image}`), { kind: 'delete', id: ID })
    assert.deepEqual(kindOf(`GET ${image}/metadata`), { kind: 'show_metadata', id: ID })
    assert.deepEqual(kindOf(`POST ${image}/metadata`), { kind: 'merge_metadata', id: ID })
    assert.deepEqual(kindOf(`PUT ${image}/metadata`), { kind: 'replace_metadata', id: ID })
    const item = { id: ID, key: 'a b' }
    assert.deepEqual(kindOf(`GET ${image}/metadata/a%20b`), { kind: 'show_metadata_item', ...item })
    assert.deepEqual(kindOf(`PUT ${image}/metadata/a%20b`), { kind: 'set_metadata_item', ...item })
    assert.deepEqual(kindOf(`DELETE ${image}/metadata/a%20b`), {
      kind: 'delete_metadata_item',
      ...item,
    })
  })

  it('is not about images otherwise', () => {
    for (const line of [
      '',
      'hello',
      'a sentence with images=1 in it',
      '/v2.1/servers/detail?status=ACTIVE',
      'POST /v2.1/images',
      '{"level":30,"msg":"GET is not here"}',
      '{not json',
      '/v2.1/images/%ff',
      '../../..',
    ]) {
      assert.equal(readRequest(line).kind, 'other', line)
    }
  })
})

describe('translate', () => {
  it('prints every tool and the fields for people', async () => {
    const { code, stdout } = await run(['/v2.1/images/detail?minRam=512&colour=red'])
    assert.equal(code, 0)
    assert.match(stdout, /^GET images\/detail\?minRam=512&colour=red\n/)
    assert.match(stdout, /The Compute API ignores "colour"/)
    assert.match(stdout, /"\$IMAGE_ENDPOINT\/v2\/images\?min_ram=512"/)
    assert.match(stdout, /openstack image list\n {4}No equivalent of minRam=512: this finds more/)
    assert.match(stdout, /OS-EXT-IMG-SIZE:size +size +bytes/)
  })

  it('prints only the tools that are asked for, with the address given', async () => {
    const request = await translated(
      'limit=2',
      ...['--tool', 'curl', 'ims', '--image-endpoint', 'https://image.example/v2/'],
    )
    assert.deepEqual(Object.keys(request.translations), ['curl', 'ims'])
    assert.equal(
      request.translations['curl']?.text,
      'curl -H "X-Auth-Token: $TOKEN" "https://image.example/v2/images?limit=2"',
    )
  })

  it('leaves a limit out where it would count images that have to be left out', async () => {
    const { translations } = await translated('property-size_min=1&limit=2')
    for (const tool of ['curl', 'openstacksdk']) {
      assert.deepEqual(translations[tool]?.missing, ['property-size_min=1', 'limit=2'])
      assert.doesNotMatch(translations[tool]?.text ?? '', /limit/)
    }
  })

  it('uses only arguments that the Terraform provider documents', async () => {
    const { translations } = await translated(
      'name=a%20%24%7Bb%7D%22&type=x&status=ACTIVE&changes-since=2026-01-01&minRam=1&minDisk=2&limit=3&marker=m',
    )
    const text = translations['terraform']?.text ?? ''
    const documented = `region member_status name name_regex owner properties size_min size_max sort
      tag tags visibility hidden`.split(/\s+/)
    const used = [...text.matchAll(/^ {2}(\w+) =/gm)].map(([, name]) => name)
    assert.deepEqual(used, ['name', 'properties'])
    assert.ok(used.every((name) => documented.includes(name ?? '')))
    assert.match(text, /name = "a \$\$\{b\}\\""/)
    assert.equal(translations['terraform']?.missing.length, 6)
  })

  it('puts calls together that differ in id or marker alone, the most frequent first', async () => {
    const lines = [
      `GET /v2.1/images/${ID}`,
      'nothing of ours',
      'GET /v2.1/images/detail?limit=1',
      `GET /v2.1/images/detail?limit=1&marker=${ID}`,
      'GET /v2.1/images/detail?limit=1&marker=x',
      'GET /v2.1/images/detail?limit=-1',
      'DELETE /v2.1/images/other',
      'GET /v2.1/images/other',
    ]
    const { code, stdout, stderr } = await run(['--json'], `${lines.join('\r\n')}\n`)
    assert.equal(code, 0)
    const { requests } = JSON.parse(stdout) as Printed
    assert.deepEqual(
      requests.map(({ request, count }) => [request, count]),
      [
        ['GET images/detail?limit=1', 3],
        [`GET images/${ID}`, 2],
        ['DELETE images/other', 1],
      ],
    )
    assert.match(
      stderr,
      /^8 lines, 6 calls about images, 3 different; 1 that the Compute API refuses/,
    )
  })

  it('says what is wrong with a request', async () => {
    const other = await run(['/v2.1/servers'])
    assert.equal(other.code, 2)
    assert.match(other.stderr, /"\/v2\.1\/servers" is no call of the Compute API about images/)
    const refused = await run(['changes-since=yesterday'])
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /refuses this call with 400: .*changes-since must be/)
    const none = await run(['-'], 'one\ntwo\n')
    assert.equal(none.code, 1)
    assert.match(none.stderr, /none of 2 lines is a call about images/)
    const endpoint = await run(['limit=1', '--image-endpoint', 'nowhere'])
    assert.equal(endpoint.code, 2)
    assert.match(endpoint.stderr, /--image-endpoint "nowhere" is not a URL/)
    const tool = await run(['limit=1', '--tool', 'ftp'])
    assert.equal(tool.code, 2)
  })
})

describe('lines', () => {
  it('are whole over chunks, and cut where they are too long', async () => {
    async function* chunks() {
      yield Buffer.from('one\ntw')
      yield Buffer.from([0x6f, 0x0a, 0xc3])
      yield Buffer.from([0xb6])
      for (let n = 0; n < 100; n += 1) yield Buffer.alloc(64 * 1024, 'x')
    }
    const lines: string[] = []
    for await (const line of readLines(chunks())) lines.push(line)
    assert.deepEqual(lines.slice(0, 2), ['one', 'two'])
    assert.match(lines[2] ?? '', /^öx+$/)
    assert.ok((lines[2] ?? '').length <= 256 * 1024)
  })
})
