import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeQueryPart, readTarget } from '../../../src/api/request/target.ts'

const PATHS: Readonly<Record<string, readonly string[] | undefined>> = {
  '/': [],
  '': [],
  '/v2/p/images': ['v2', 'p', 'images'],
  '//v2///p/./images/x/../detail': ['v2', 'p', 'images', 'detail'],
  '/../../v2': ['v2'],
  '/v2/%64etail': ['v2', 'detail'],
  '/v2/a%2Fb': ['v2', 'a', 'b'],
  '/v2/%2e%2e': ['v2', '..'],
  '/v2/%C3%BC': ['v2', 'ü'],
  '/v2/\u00c3\u00bc': ['v2', 'ü'], // raw UTF-8, a character a byte
  '/v2/%00': ['v2', '\0'],
  '/v2/a+b': ['v2', 'a+b'],
  '/v2/x#fragment': ['v2', 'x'],
  'http://host.example:1/v2/x?y': ['v2', 'x'],
  'http://host.example': [],
  '/v2/%': undefined,
  '/v2/%z0': undefined,
  '/v2/%ff': undefined,
  '/v2/%C3%28': undefined,
  'v2/x': undefined,
}

for (const [url, segments] of Object.entries(PATHS)) {
  test(`the path ${JSON.stringify(url)} is ${JSON.stringify(segments) ?? 'refused'}`, () => {
    assert.deepEqual(readTarget(url)?.segments, segments)
  })
}

test('a slash at the end is told apart, the root is not', () => {
  assert.equal(readTarget('/v2/')?.endsInSlash, true)
  assert.equal(readTarget('/v2%2F')?.endsInSlash, true)
  assert.equal(readTarget('/v2')?.endsInSlash, false)
  assert.equal(readTarget('/')?.endsInSlash, false)
  assert.equal(readTarget('/..')?.endsInSlash, false)
})

test('dots at the end leave a slash behind, so that they never name the parent', () => {
  for (const path of ['/v2/a/.', '/v2/a/b/..', '/v2/a/b/c/../..', '/v2/a/./', '/v2/a/b/../']) {
    assert.deepEqual(readTarget(path)?.segments, ['v2', 'a'], path)
    assert.equal(readTarget(path)?.endsInSlash, true, path)
  }
})

test('in a query a plus is a space and a lone percent is itself', () => {
  assert.equal(decodeQueryPart('a+b%20c'), 'a b c')
  assert.equal(decodeQueryPart('%2B'), '+')
  assert.equal(decodeQueryPart('100%'), '100%')
  assert.equal(decodeQueryPart('%zz%C3%BC'), '%zzü')
  assert.equal(decodeQueryPart('%ff'), undefined)
  assert.equal(decodeQueryPart('%EF%BB%BFx'), '\ufeffx')
})
