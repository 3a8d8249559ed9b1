import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAcceptEncoding } from '../../../src/server/compression/accept-encoding.ts'

const TABLE: readonly [header: string | undefined, coding: string, isPlainRefused?: boolean][] = [
  [undefined, 'plain'],
  ['', 'plain'],
  [' ', 'plain'],
  [',', 'plain'],
  // What clients send: python-requests, Go, curl --compressed, browsers, wget, urllib3.
  ['gzip, deflate', 'gzip'],
  ['gzip, deflate, br', 'br'],
  ['gzip, deflate, br, zstd', 'zstd'],
  ['gzip', 'gzip'],
  ['deflate, gzip, br, zstd', 'zstd'],
  ['identity', 'plain'],
  // Names.
  ['br', 'br'],
  ['zstd', 'zstd'],
  ['x-gzip', 'gzip'],
  ['GZIP', 'gzip'],
  ['deflate', 'plain'],
  ['compress', 'plain'],
  ['gzipped', 'plain'],
  ['dcb, dcz', 'plain'],
  ['  gzip  ', 'gzip'],
  ['gzip,br', 'br'],
  [',,gzip,,', 'gzip'],
  // Weights.
  ['gzip;q=1, br;q=0.5', 'gzip'],
  ['gzip;q=0.5, br;q=1.0', 'br'],
  ['gzip;q=0.001', 'gzip'],
  ['gzip ; q=0.5', 'gzip'],
  ['gzip\t;\tQ=0.5', 'gzip'],
  ['gzip;q=0', 'plain'],
  ['gzip;q=0.000', 'plain'],
  ['gzip;q=0, br', 'br'],
  ['br;q=0.8, zstd;q=0.8, gzip;q=0.8', 'zstd'],
  ['gzip;q=0, gzip', 'gzip'],
  ['gzip, gzip;q=0', 'plain'],
  // The plain form.
  ['identity, gzip', 'gzip'],
  ['identity;q=1, gzip;q=0.5', 'plain'],
  ['identity;q=0.5, gzip;q=1.0', 'gzip'],
  ['identity;q=0.5, gzip;q=0.5', 'gzip'],
  ['identity;q=0', 'plain', true],
  ['identity;q=0, gzip', 'gzip', true],
  ['gzip, identity;q=0', 'gzip', true],
  ['identity;q=0, deflate', 'plain', true],
  // The star.
  ['*', 'gzip'],
  ['*;q=0.1', 'gzip'],
  ['*, gzip;q=0', 'br'],
  ['*, gzip;q=0, br;q=0', 'zstd'],
  ['*, gzip;q=0, br;q=0, zstd;q=0', 'plain'],
  ['br, *', 'br'],
  ['br;q=0.5, *', 'gzip'],
  ['*;q=0', 'plain', true],
  ['*;q=0, gzip', 'gzip', true],
  ['*;q=0, identity', 'plain'],
  ['*;q=0, identity, gzip', 'gzip'],
  ['*, identity;q=0', 'gzip', true],
  ['identity, *;q=0.5', 'plain'],
  // What cannot be read counts for nothing.
  ['gzip;q=2', 'plain'],
  ['gzip;q=1.001', 'plain'],
  ['gzip;q=0.1234', 'plain'],
  ['gzip;q=-1', 'plain'],
  ['gzip;q=', 'plain'],
  ['gzip;q', 'plain'],
  ['gzip;level=9', 'plain'],
  ['gzip;q=high, br;q=0.1', 'br'],
  ['gzip br', 'plain'],
  ['gzip\u0000', 'plain'],
  ['__proto__, constructor', 'plain'],
]

for (const [header, coding, isPlainRefused = false] of TABLE) {
  test(`Accept-Encoding: ${JSON.stringify(header)} is answered with ${coding}`, () => {
    const accepted = readAcceptEncoding(header)
    assert.equal(accepted.coding ?? 'plain', coding)
    assert.equal(accepted.isPlainRefused, isPlainRefused)
  })
}

test('the longest header that a server takes is read to its end, whatever it holds', () => {
  const characters = 65_000
  for (const piece of ['gzip;q=0.1,', ' ', '\t;', ';q=0', 'a', ',', '*,', 'x,', 'gzip;q=0.0000,']) {
    const header = `${piece.repeat(characters / piece.length)},br`
    assert.equal(readAcceptEncoding(header).coding, 'br', piece)
  }
})
