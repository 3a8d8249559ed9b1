import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { FileTrouble, fileTroubleOf } from '../../src/file-trouble/file-trouble.ts'
import { isFileTrouble, sqliteTroubleOf } from '../../src/file-trouble/sqlite-trouble.ts'

const folder = mkdtempSync(join(tmpdir(), 'afterimage-file-trouble-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const CODES = ['EACCES', 'EROFS', 'ENOTDIR', 'EISDIR', 'ENOENT', 'ENOSPC', 'EMFILE', 'EIO'] as const

function failed(code: string, path?: string): Error {
  return Object.assign(new Error(`${code}: some words, open`), { code, path })
}

test('every trouble is one line that names the path, the problem and what to do', () => {
  const lines = CODES.map((code) => fileTroubleOf(failed(code, '/data/x'))?.message ?? '')
  for (const line of lines) assert.match(line, /^\/data\/x: [^;\n]{10,}; [^;\n]{10,}$/)
  assert.equal(new Set(lines).size, CODES.length)
})

test('the path is the one that the user knows, where the caller names it', () => {
  assert.equal(fileTroubleOf(failed('EIO', '/data/x.71.part'), '/data/x')?.path, '/data/x')
  assert.equal(fileTroubleOf(failed('EIO')), undefined)
})

test('an error that is not about a file is none', () => {
  for (const error of [failed('ECONNRESET', '/x'), new Error('x'), 'EIO', undefined]) {
    assert.equal(fileTroubleOf(error), undefined)
    assert.equal(isFileTrouble(error), false)
  }
})

test('an error that SQLite blames on the file is looked into, and any other is not', () => {
  const asFolder = join(folder, 'folder')
  mkdirSync(asFolder)
  writeFileSync(join(folder, 'file'), '')
  const CANTOPEN = 14
  const of = (errcode: number, file: string) => {
    const error = Object.assign(new Error('unable to open database file'), { errcode })
    return sqliteTroubleOf(error, file)?.code
  }
  assert.equal(of(CANTOPEN, asFolder), 'EISDIR')
  assert.equal(of(CANTOPEN, join(folder, 'file', 'below')), 'ENOTDIR')
  assert.equal(of(CANTOPEN, join(folder, 'missing', 'below')), 'ENOENT')
  assert.equal(of(13, join(folder, 'file')), 'ENOSPC')
  assert.equal(of(10 | (3 << 8), join(folder, 'file')), 'EIO')
  assert.equal(of(10 | (2 << 8), join(folder, 'file')), undefined, 'a file cut short is damaged')
  assert.equal(of(5, join(folder, 'file')), undefined, 'busy')
  assert.equal(of(19, join(folder, 'file')), undefined, 'a constraint')
})

test('what a caller is told names no path', () => {
  for (const code of CODES) {
    assert.doesNotMatch(new FileTrouble('/data/x', code).told, /\/|data/)
  }
})
