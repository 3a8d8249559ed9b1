import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import {
  BATCH_IMAGES_MAX,
  type ImportOptions,
  type ImportReport,
  importImages,
  PROBLEMS_TOLD_MAX,
  printProblem,
} from '../../src/transfer/import.ts'
import { MapStore } from './map-store.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-'))
})
after(() => rm(folder, { recursive: true }))

function uuid(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
}

function document(n: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { id: uuid(n), name: `image-${n}`, created_at: '2026-01-02T03:04:05Z', ...more }
}

function lines(...documents: unknown[]): string {
  return documents.map((one) => `${JSON.stringify(one)}\n`).join('')
}

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

async function run(
  files: readonly string[],
  options: Partial<ImportOptions> = {},
): Promise<{ store: MapStore; report: ImportReport; problems: string[] }> {
  const store = new MapStore()
  const report = await importImages({
    files,
    stdin: Readable.from([]),
    store,
    onBadDocument: 'skip',
    ...options,
  })
  const problems = report.problems.map((problem) =>
    printProblem(problem).replaceAll(`${folder}/`, ''),
  )
  return { store, report, problems }
}

const THREE = [document(1), document(2), document(3)]
const LAYOUTS: readonly (readonly [string, string])[] = [
  ['array.json', JSON.stringify(THREE)],
  ['indented.json', JSON.stringify(THREE, null, 2)],
  [
    'page.json',
    JSON.stringify({ images: THREE, first: '/v2/images', schema: '/v2/schemas/images' }),
  ],
  ['lines.json', lines(...THREE)],
  ['mark.json', `\ufeff${lines(...THREE)}`],
]

for (const [name, text] of LAYOUTS) {
  test(`reads ${name}, plain and gzip, by its content and not by its name`, async () => {
    for (const content of [text, gzipSync(text)]) {
      const { store, report } = await run([await file(name, content)])
      assert.deepEqual(store.names(), ['image-1', 'image-2', 'image-3'])
      assert.equal(report.ended, 'complete')
      assert.deepEqual([report.read, report.created, report.bad], [3, 3, 0])
    }
  })
}

test('reads one document alone, over many lines', async () => {
  const { store } = await run([await file('one.json', JSON.stringify(document(1), null, 2))])
  assert.deepEqual(store.names(), ['image-1'])
})

test('reads gzip files joined to one', async () => {
  const joined = Buffer.concat([gzipSync(lines(document(1))), gzipSync(lines(document(2)))])
  const { store } = await run([await file('joined.gz', joined)])
  assert.deepEqual(store.names(), ['image-1', 'image-2'])
})

test('reads the standard input, gzip or not, in pieces of any size', async () => {
  for (const bytes of [Buffer.from(lines(...THREE)), gzipSync(lines(...THREE))]) {
    const stdin = Readable.from([...bytes].map((byte) => Buffer.of(byte)))
    const { store, report } = await run(['-'], { stdin })
    assert.equal(report.bad, 0)
    assert.deepEqual(store.names(), ['image-1', 'image-2', 'image-3'])
  }
})

test('importing again changes nothing, and says so', async () => {
  const path = await file('again.json', lines(...THREE))
  const store = new MapStore()
  await run([path], { store })
  const { report } = await run([path], { store })
  assert.deepEqual([report.read, report.created, report.replaced, report.unchanged], [3, 0, 0, 3])
})

test('of several documents with one id the last stays, and the others count as replaced', async () => {
  const path = await file(
    'twice.json',
    lines(document(1), document(2), document(1, { name: 'last' })),
  )
  for (const batchSize of [1, 1000]) {
    const { store, report } = await run([path], { batchSize })
    assert.deepEqual(store.names(), ['last', 'image-2'])
    assert.deepEqual([report.read, report.created, report.replaced, report.bad], [3, 2, 1, 0])
  }
})

test('tells file, line, image and field of each bad document, and takes the others', async () => {
  const bad = [
    document(1),
    document(2, { min_ram: -1 }),
    { name: 'no id' },
    document(4, { size: '12 GB' }),
    document(5, { os_distro: {} }),
    ['no object'],
    document(7),
  ]
  const expected = [
    `:2: image ${uuid(2)}: "min_ram" must be a whole number from 0 to 2147483647`,
    ':3: "id" must be a UUID such as ee10f19c-503c-44af-af2f-73d5e42f7a17; "created_at" is missing',
    `:4: image ${uuid(4)}: "size" must be a whole number from 0 to 9007199254740991`,
    `:5: image ${uuid(5)}: "os_distro" must be text or null`,
  ]
  const array = bad.map((one) => JSON.stringify(one)).join(',\n')
  for (const [name, text] of [
    ['bad-array.json', `[${array}]`],
    ['bad-page.json', `{"images": [${array}], "next": "/v2"}`],
  ] as const) {
    const { store, report, problems } = await run([await file(name, text)])
    const all = [...expected, ':6: an image document must be a JSON object']
    assert.deepEqual(
      problems,
      all.map((problem) => name + problem),
    )
    assert.deepEqual(store.names(), ['image-1', 'image-7'])
    assert.deepEqual([report.read, report.created, report.bad], [7, 2, 5])
  }
})

test('tells the very line at which a document over many lines is no JSON', async () => {
  const text = `[\n{"id": "${uuid(1)}",\n "name": "a",\n "min_ram": 0x10\n},\n${JSON.stringify(document(2))}\n]`
  const { store, problems } = await run([await file('syntax.json', text)])
  assert.equal(problems.length, 1)
  assert.match(problems[0] ?? '', /^syntax\.json:4: image 0{8}-.*1: is not valid JSON: /)
  assert.deepEqual(store.names(), ['image-2'])
})

test('never replaces bytes that are not UTF-8: the document is bad', async () => {
  const text = Buffer.from(lines(document(1, { name: 'caf\u00e9' })), 'latin1')
  const { store, problems } = await run([
    await file(
      'latin1.json',
      Buffer.concat([text, Buffer.from(lines(document(2, { name: 'café' })))]),
    ),
  ])
  assert.deepEqual(problems, [`latin1.json:1: image ${uuid(1)}: is not valid UTF-8`])
  assert.deepEqual(store.names(), ['café'])
})

test('refuses half of a surrogate pair, which no catalogue could give back', async () => {
  const path = await file(
    'surrogate.json',
    `{"id":"${uuid(1)}","created_at":"2026-01-01","x":"\\ud800"}`,
  )
  const { problems } = await run([path])
  assert.deepEqual(problems, [`surrogate.json:1: image ${uuid(1)}: "x" is not well-formed Unicode`])
})

test('a file that cannot be read is told in plain words, and the next one is read', async () => {
  await mkdir(join(folder, 'sub'))
  const good = await file('good.json', lines(document(1)))
  const cut = gzipSync(lines(...THREE))
  const damaged = Buffer.from(cut)
  damaged.writeUInt32LE(12345, damaged.length - 8)
  const files = [
    join(folder, 'missing.json'),
    join(folder, 'sub'),
    await file('empty.json', ''),
    await file('empty.gz', gzipSync('')),
    await file('cut.gz', cut.subarray(0, 20)),
    await file('damaged.gz', damaged),
    await file('binary', Buffer.from('7f454c46020101', 'hex')),
    await file('cut.json', JSON.stringify(THREE).slice(0, -20)),
    good,
  ]
  const { report, problems } = await run(files)
  assert.deepEqual(problems, [
    'missing.json: there is no such file',
    'sub: is a directory; name the files in it',
    'empty.json:1: the file is empty; image documents in JSON were expected',
    'empty.gz:1: the file is empty; image documents in JSON were expected',
    'cut.gz: the gzip data ends too early: the file seems to be cut off',
    'damaged.gz: the gzip data is damaged',
    'binary:1: the file is neither JSON nor gzip: it starts with bytes 7f454c46020101',
    `cut.json:1: image ${uuid(3)}: the file ends inside this document: it seems to be cut off`,
  ])
  assert.equal(report.bad, 8)
  assert.equal(report.ended, 'complete')
})

test('stops at a bad document if asked: whole batches stay, the rest is not stored', async () => {
  const documents = Array.from({ length: 30 }, (_, n) => document(n))
  documents[25] = document(25, { status: 'lost' })
  const path = await file('stop.json', JSON.stringify(documents))
  const next = await file('next.json', lines(document(99)))
  const { store, report, problems } = await run([path, next], {
    onBadDocument: 'stop',
    batchSize: 10,
  })
  assert.equal(report.ended, 'stopped')
  assert.deepEqual(store.batchSizes, [10, 10])
  assert.deepEqual([report.read, report.created, report.bad], [26, 20, 1])
  assert.equal(problems.length, 1)
  assert.match(problems[0] ?? '', /"status" must be one of queued, /)
})

test('stops at a missing file if asked; the files before it are stored', async () => {
  const good = await file('first.json', lines(...THREE))
  const { store, report } = await run([good, join(folder, 'none'), good], { onBadDocument: 'stop' })
  assert.equal(report.ended, 'stopped')
  assert.deepEqual(store.batchSizes, [3])
})

test('an import that is aborted ends between two batches', async () => {
  const path = await file('abort.json', lines(...Array.from({ length: 50 }, (_, n) => document(n))))
  const controller = new AbortController()
  const { store, report } = await run([path], {
    batchSize: 10,
    signal: controller.signal,
    onProgress: (soFar) => {
      if (soFar.created === 20) controller.abort()
    },
  })
  assert.equal(report.ended, 'aborted')
  assert.deepEqual(store.batchSizes, [10, 10])
})

test('an import that waits for bytes ends as soon as it is aborted', async () => {
  const stdin = new Readable({ read: () => undefined })
  stdin.push(lines(...THREE))
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 20)
  const { store, report } = await run(['-'], { stdin, signal: controller.signal })
  assert.deepEqual([report.ended, report.bad, store.images.size], ['aborted', 0, 0])
})

test('a batch is at most 1,000 images, and progress is told after each', async () => {
  const path = await file(
    'many.json',
    lines(...Array.from({ length: 2500 }, (_, n) => document(n))),
  )
  const seen: number[] = []
  const { store } = await run([path], { onProgress: (soFar) => seen.push(soFar.created) })
  assert.deepEqual(store.batchSizes, [1000, 1000, 500])
  assert.deepEqual(seen, [1000, 2000, 2500])
  await assert.rejects(run([path], { batchSize: BATCH_IMAGES_MAX + 1 }), RangeError)
  await assert.rejects(run([path], { batchSize: 0 }), RangeError)
})

test('the store is settled once, after the last batch, and only if something was written', async () => {
  const path = await file('settled.json', lines(document(1), document(2)))
  const { store } = await run([path], { batchSize: 1 })
  assert.equal(store.settled, 1)
  await importImages({ files: [path], stdin: Readable.from([]), store, onBadDocument: 'stop' })
  assert.equal(store.settled, 1)
})

test('what the store throws ends the import, with what was stored before left as it is', async () => {
  const path = await file('fault.json', lines(...Array.from({ length: 30 }, (_, n) => document(n))))
  const store = new MapStore()
  const failing = {
    putImages: (images: Parameters<MapStore['putImages']>[0]) =>
      store.images.size < 20 ? store.putImages(images) : Promise.reject(new Error('disk full')),
    settle: () => store.settle(),
  }
  await assert.rejects(run([path], { store: failing, batchSize: 10 }), /disk full/)
  assert.equal(store.images.size, 20)
})

test('many bad documents are all counted and told as they come, but only the first are kept', async () => {
  const text = lines(document(1), ...Array.from({ length: 500 }, () => ({})))
  const path = await file('all-bad.json', text)
  let told = 0
  const { report } = await run([path], {
    onProblem: () => {
      told += 1
    },
  })
  assert.deepEqual([report.bad, told, report.problems.length], [500, 500, PROBLEMS_TOLD_MAX])
})

test('a problem never carries control characters to a terminal', () => {
  const message = 'is not valid JSON: \u001b[2J\u0007\n\u009b1m'
  const printed = printProblem({ file: 'a\u001bb', line: 1, id: undefined, message })
  assert.equal(printed, 'a\\u001bb:1: is not valid JSON: \\u001b[2J\\u0007\\u000a\\u009b1m')
})
