import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DOCUMENT_BYTES_MAX, NESTING_DEPTH_MAX } from '../../src/transfer/piece.ts'
import { DocumentSplitter } from '../../src/transfer/split-documents.ts'

/** Each piece as `line: bytes`, or `line! problem`. */
function split(input: string | Buffer, chunkBytes = 1 << 20): string[] {
  const bytes = Buffer.from(input)
  const splitter = new DocumentSplitter()
  const pieces = []
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    pieces.push(...splitter.push(bytes.subarray(at, at + chunkBytes)))
  }
  pieces.push(...splitter.end())
  return pieces.map((piece) =>
    piece.problem === undefined
      ? `${piece.line}: ${piece.bytes.toString()}`
      : `${piece.line}! ${piece.problem}`,
  )
}

const WHOLE: readonly (readonly [string, string, readonly string[]])[] = [
  ['an array', '[{"a":1},\n {"b":"}]"}]', ['1: {"a":1}', '2: {"b":"}]"}']],
  ['an empty array', ' [ ] ', []],
  ['lines', '{"a":1}\n{"b":2}\r\n\n{"c":3}', ['1: {"a":1}', '2: {"b":2}', '4: {"c":3}']],
  ['one document over several lines', '{\n"a":[\n{"b":1}]\n}\n', ['1: {\n"a":[\n{"b":1}]\n}']],
  ['a page', '{"images": [{"a":1}], "first": "/v2/images"}', ['1: {"a":1}']],
  [
    'a page whose list comes last, with decoys before it',
    '{"x": {"images": [1]}, "y": ["images"], "schema": "\\"images", "images" :\n[{"a":1}]}',
    ['2: {"a":1}'],
  ],
  ['an empty page', '{"images": [], "next": null}', []],
  ['pages, one a line', '{"images":[{"a":1}]}\n{"images":[{"b":1}]}', ['1: {"a":1}', '2: {"b":1}']],
  ['arrays one after another', '[{"a":1}]\n[{"b":1}]', ['1: {"a":1}', '2: {"b":1}']],
  [
    'documents without newlines',
    '{"a":1}{"b":1} {"c":1}',
    ['1: {"a":1}', '1: {"b":1}', '1: {"c":1}'],
  ],
  ['a byte order mark', '\ufeff[{"a":1}]', ['1: {"a":1}']],
  ['escapes', '[{"a":"\\\\"},{"b":"\\"}{"}]', ['1: {"a":"\\\\"}', '1: {"b":"\\"}{"}']],
  [
    'values that are no objects',
    '[1, "a, b" ,[2],null]',
    ['1: 1', '1: "a, b"', '1: [2]', '1: null'],
  ],
  [
    'an array whose documents are laid out in different ways',
    '[\n{"a":1},\n{\n"b":1}\n]',
    ['2: {"a":1}', '3: {\n"b":1}'],
  ],
]

for (const [what, input, expected] of WHOLE) {
  test(`finds the documents in ${what}, however the bytes arrive`, () => {
    for (const chunkBytes of [1 << 20, 1, 2, 3, 7]) {
      assert.deepEqual(split(input, chunkBytes), expected, `${chunkBytes} bytes at a time`)
    }
  })
}

const BROKEN: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'a line that is cut off',
    '{"a":1}\n{"b":{"x":\n{"c":3}\n',
    ['1: {"a":1}', '2! the line ends inside this document', '3: {"c":3}'],
  ],
  [
    'a text that is not closed',
    '{"a":"x\n{"b":1}\n{"c":2}\n',
    ['1! a text is not closed before its line ends', '2: {"b":1}', '3: {"c":2}'],
  ],
  [
    'a backslash at the end of a line',
    '{"a":"x\\\n{"b":1}\n',
    ['1! a text is not closed before its line ends', '2: {"b":1}'],
  ],
  [
    'a document in an array that is not closed',
    '[\n {"a":1,\n {"b":1},\n {\n  "c":{}\n }\n]\n',
    ['2! "{" comes where it cannot be', '3: {"b":1}', '4: {\n  "c":{}\n }'],
  ],
  [
    'a bracket of the wrong kind at the end of the list',
    '[\n{"a":1},\n{"b":1]\n]\n[{"c":1}]',
    ['2: {"a":1}', '3! "]" closes what it did not open', '5: {"c":1}'],
  ],
  [
    'text between lines',
    '{"a":1}\n# note\n{"b":1}\n{"c":1},\n{"d":1}',
    [
      '1: {"a":1}',
      '2! "#" where a document should start',
      '3: {"b":1}',
      '4: {"c":1}',
      '4! "," where a document should start',
      '5: {"d":1}',
    ],
  ],
  [
    'commas missing or too many',
    '[{"a":1}\n{"b":1},]',
    [
      '1: {"a":1}',
      '2! a comma is missing before this document',
      '2: {"b":1}',
      '2! a comma comes before "]"',
    ],
  ],
  [
    'an error with no line to start again from',
    '[{"a":1}, {"b":}}, {"c":1}]',
    [
      '1: {"a":1}',
      '1: {"b":}',
      '1! "}" where a document should start',
      '1! what follows the last error could not be read to the end of the file',
    ],
  ],
  [
    'a document cut off',
    '[{"a":1},\n{"b',
    ['1: {"a":1}', '2! the file ends inside this document: it seems to be cut off'],
  ],
  [
    'a list cut off',
    '[{"a":1},\n',
    ['1: {"a":1}', '2! the file ends inside the list of images: it seems to be cut off'],
  ],
  [
    'a page cut off after its list',
    '{"images":[{"a":1}], "next"',
    ['1: {"a":1}', '1! the file ends inside the list of images: it seems to be cut off'],
  ],
  ['an empty file', ' \n', ['2! the file is empty; image documents in JSON were expected']],
  [
    'something else',
    '<html>\n{"a":1}',
    ['1! the file is neither JSON nor gzip: it starts with "<html>\\n{\\"a\\":1}"'],
  ],
]

for (const [what, input, expected] of BROKEN) {
  test(`says where it met ${what} and goes on where the next one surely starts`, () => {
    for (const chunkBytes of [1 << 20, 64, 64 + 1]) {
      assert.deepEqual(split(input, chunkBytes), expected, `${chunkBytes} bytes at a time`)
    }
    assert.deepEqual(lines(split(input, 1)), lines(expected))
  })
}

/** Where a message quotes the bytes at hand, it depends on how they arrived; the rest may not. */
function lines(pieces: readonly string[]): string[] {
  return pieces.map((piece) => (piece.includes(' starts with ') ? piece.slice(0, 20) : piece))
}

test('refuses binary data and UTF-16 by name', () => {
  assert.deepEqual(split(Buffer.from('fd377a585a0001020304', 'hex')), [
    '1! the file is neither JSON nor gzip: it starts with bytes fd377a585a0001020304',
  ])
  assert.deepEqual(split(Buffer.from('\ufeff[{}]', 'utf16le')), [
    '1! the file is in UTF-16; image documents must be in UTF-8',
  ])
})

test('says so when what stands around the list of a page is no JSON', () => {
  const [before] = split('{"next": /v2, "images": [{"a":1}]}')
  assert.match(before ?? '', /^1! around the list of images is no valid JSON: /)
  const after = split('{"images": [{"a":1}], next: 1}\n{"b":1}\n')
  assert.equal(after[0], '1: {"a":1}')
  assert.match(after[1] ?? '', /^1! around the list of images is no valid JSON: /)
  assert.equal(after[2], '2: {"b":1}')
})

test('skips a document over the size limit, keeps its first bytes and reads the next', () => {
  const splitter = new DocumentSplitter()
  const pieces = splitter.push(Buffer.from('[{"id":"x","a":"'))
  const filler = Buffer.alloc(1 << 20, 'y')
  for (let bytes = 0; bytes <= DOCUMENT_BYTES_MAX; bytes += filler.length) {
    pieces.push(...splitter.push(filler))
  }
  pieces.push(...splitter.push(Buffer.from('"},{"b":1}]')), ...splitter.end())
  assert.equal(pieces.length, 2)
  assert.equal(pieces[0]?.problem, `is longer than ${DOCUMENT_BYTES_MAX} bytes`)
  assert.equal(pieces[0]?.bytes.subarray(0, 10).toString(), '{"id":"x",')
  assert.ok((pieces[0]?.bytes.length ?? 0) < 10_000)
  assert.equal(pieces[1]?.bytes.toString(), '{"b":1}')
})

test('takes nesting up to the limit, and skips what is deeper', () => {
  const nested = (depth: number) => `${'['.repeat(depth - 1)}{}${']'.repeat(depth - 1)}`
  const input = `[${nested(NESTING_DEPTH_MAX)},${nested(100_000)},{"b":1}]`
  for (const chunkBytes of [1 << 20, 1000]) {
    assert.deepEqual(split(input, chunkBytes), [
      `1: ${nested(NESTING_DEPTH_MAX)}`,
      `1! is nested deeper than ${NESTING_DEPTH_MAX} levels`,
      '1: {"b":1}',
    ])
  }
})

test('finds any documents, in any layout, however the bytes arrive', () => {
  const documents = fc.array(
    fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 5 })),
  )
  const layout = fc.constantFrom('array', 'page', 'lines')
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 })
  fc.assert(
    fc.property(
      documents,
      layout,
      fc.integer({ min: 0, max: 3 }),
      sizes,
      (docs, kind, indent, cuts) => {
        const text =
          kind === 'lines'
            ? docs.map((doc) => `${JSON.stringify(doc)}\n`).join('')
            : JSON.stringify(kind === 'page' ? { images: docs, next: '/v2' } : docs, null, indent)
        // A document that is itself like a page is read as one where documents stand by themselves.
        fc.pre(kind !== 'lines' || !docs.some((doc) => Array.isArray(doc['images'])))
        fc.pre(kind !== 'lines' || docs.length > 0)
        const bytes = Buffer.from(text)
        const splitter = new DocumentSplitter()
        const found = []
        for (let at = 0, cut = 0; at < bytes.length; cut += 1) {
          const size = cuts[cut % cuts.length] ?? 1
          found.push(...splitter.push(bytes.subarray(at, at + size)))
          at += size
        }
        found.push(...splitter.end())
        const expected = docs.map((doc) => JSON.parse(JSON.stringify(doc)))
        assert.deepEqual(
          found.map((piece) => JSON.parse(piece.bytes.toString())),
          expected,
        )
        assert.ok(found.every((piece) => piece.problem === undefined))
      },
    ),
    { numRuns: 500 },
  )
})

test('survives any bytes: it ends, and each document is found or a problem told', () => {
  const scraps = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    ',',
    ':',
    '\n',
    ' ',
    '1',
    '"images"',
    'é',
  )
  fc.assert(
    fc.property(
      fc.array(scraps, { maxLength: 60 }),
      fc.integer({ min: 1, max: 9 }),
      (parts, size) => {
        const bytes = Buffer.from(parts.join(''))
        const splitter = new DocumentSplitter()
        const found = []
        for (let at = 0; at < bytes.length; at += size) {
          found.push(...splitter.push(bytes.subarray(at, at + size)))
        }
        found.push(...splitter.end())
        assert.ok(found.length <= 2 * bytes.length + 1)
        let isJson = true
        try {
          JSON.parse(parts.join(''))
        } catch {
          isJson = false
        }
        const isRead = found.every((piece) => piece.problem === undefined && isSound(piece.bytes))
        const isStream = !/^\s*[[{]/.test(parts.join(''))
        if (isJson && !isStream) assert.ok(isRead, 'valid JSON must not be refused')
      },
    ),
    { numRuns: 3000 },
  )
})

function isSound(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString())
    return true
  } catch {
    return false
  }
}
