import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const FILE_LINES_MAX = 400
const FUNCTION_LINES_MAX = 70

const root = new URL('../../', import.meta.url).pathname

function files(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file))
}

test('source files stay short enough to read at a sitting', () => {
  const long = files('src')
    .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length }))
    .filter(({ lines }) => lines > FILE_LINES_MAX)
  assert.deepEqual(long, [])
})

test('functions stay within a screen', () => {
  const long: string[] = []
  for (const file of files('src')) {
    const lines = readFileSync(join(root, file), 'utf8').split('\n')
    for (const [start, line] of lines.entries()) {
      // The formatter puts a function's closing brace at the indent of its first line.
      const m = /^( *)(export )?(async )?(function\b|static |get |#?\w+\()/.exec(line)
      if (m === null || !/[{(]$/.test(line) || /^ *(if|for|while|switch|return)\b/.test(line))
        continue
      const end = lines.findIndex((l, i) => i > start && l.startsWith(`${m[1]}}`))
      if (end - start + 1 > FUNCTION_LINES_MAX)
        long.push(`${file}:${start + 1}: ${end - start + 1}`)
    }
  }
  assert.deepEqual(long, [])
})

test('no utils, no barrels, no default exports', () => {
  const all = files('src')
  assert.deepEqual(
    all.filter((file) => /(^|\/)(utils?|helpers?|index|common)\.ts$/.test(file)),
    [],
  )
})

test('checks are switched off nowhere without a reason beside it', () => {
  const off = [...files('src'), ...files('test')].flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .map((line, i) => ({ line, at: `${file}:${i + 1}` }))
      .filter(({ line }) => /@ts-(ignore|nocheck|expect-error)|biome-ignore/.test(line))
      .filter(({ line }) => !/biome-ignore [\w/]+: \w.{10,}|@ts-expect-error \w.{10,}/.test(line))
      .filter(({ at }) => !at.startsWith('test/house/')),
  )
  assert.deepEqual(off, [])
})
