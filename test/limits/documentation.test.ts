import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { OPTION_KEYS, OPTIONS, type OptionKey } from '../../src/config/options.ts'

const project = new URL('../../', import.meta.url).pathname
const source = join(project, 'src')
const doc = readFileSync(join(project, 'docs/limits.md'), 'utf8')

interface Row {
  readonly what: string
  readonly value: string
  /** Below src/; undefined: an option. */
  readonly file: string | undefined
  readonly name: string
}

/** The rows of every table whose last cell says where a limit stands. */
const ROWS: readonly Row[] = doc.split('\n').flatMap((line) => {
  const cells = line.split('|').map((cell) => cell.trim())
  const [, file, name] = /^(?:`([^` ]+\.ts)` )?`([\w.]+)`$/.exec(cells[4] ?? '') ?? []
  return name === undefined ? [] : [{ what: cells[1] ?? '', value: cells[2] ?? '', file, name }]
})

const KIB = 1024
const UNITS: Readonly<Record<string, number>> = { KiB: KIB, MiB: KIB ** 2, GiB: KIB ** 3 }
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 }

/** `64 KiB` -> 65536; of a name that is in milliseconds, `5 s` -> 5000. */
function read({ value, name }: Row): number {
  const [, digits = '', unit = ''] = /^([\d,]+)(?: (\w+))?/.exec(value) ?? []
  const isTime = /MS\b|_MS_|Ms$/.test(name)
  const factor = isTime ? UNITS_MS[unit] : (UNITS[unit] ?? 1)
  assert.ok(factor !== undefined, `${name} is a time, and ${value} has no unit of time`)
  return Number(digits.replaceAll(',', '')) * factor
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** What a product of numbers is, as constants are written: `10 * 1024 * 1024`. */
function productIn(text: string, name: string): number {
  const [, product] = new RegExp(`^(?:export )?const ${name} = ([\\d_ *]+)$`, 'm').exec(text) ?? []
  assert.ok(product !== undefined, `there is no number ${name}`)
  const factors = product.split('*').map((factor) => Number(factor.replaceAll('_', '')))
  return factors.reduce((all, factor) => all * factor, 1)
}

async function valueInCode({ file, name }: Row): Promise<unknown> {
  if (file === undefined) {
    assert.ok((OPTION_KEYS as readonly string[]).includes(name), `there is no option ${name}`)
    return Number(OPTIONS[name as OptionKey].default?.[0])
  }
  const [constant = '', field] = name.split('.')
  if (field === undefined) return productIn(readFileSync(join(source, file), 'utf8'), constant)
  const module: unknown = await import(join(source, file))
  const limits = isRecord(module) ? module[constant] : undefined
  return isRecord(limits) ? limits[field] : undefined
}

describe('docs/limits.md', () => {
  for (const row of ROWS) {
    test(`says of ${row.file ?? 'the option'} ${row.name} what the code says`, async () => {
      assert.equal(read(row), await valueInCode(row))
    })
  }

  test('has each limit once', () => {
    const names = ROWS.map(({ file, name }) => `${file} ${name}`)
    assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted())
    assert.ok(names.length > 0)
  })

  test('has a row for each constant of every limits.ts, and for each option of limits.*', async () => {
    const missing: string[] = []
    const has = (file: string | undefined, name: string) =>
      ROWS.some((row) => row.file === file && row.name === name)
    for (const key of OPTION_KEYS) {
      if (key.startsWith('limits.') && !has(undefined, key)) missing.push(key)
    }
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
    for (const file of files.filter((name) => name.endsWith('/limits.ts'))) {
      const module: unknown = await import(join(source, file))
      assert.ok(isRecord(module))
      for (const [name, value] of Object.entries(module)) {
        const names = isRecord(value) ? Object.keys(value).map((f) => `${name}.${f}`) : [name]
        missing.push(...names.filter((n) => !has(file, n)).map((n) => `${file} ${n}`))
      }
    }
    assert.deepEqual(missing, [])
  })
})
