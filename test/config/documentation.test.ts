import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import {
  CONFIG_VARIABLE,
  DEBUG_VARIABLE,
  flagOf,
  OPTION_KEYS,
  OPTIONS,
  PASSWORD_VARIABLE,
  SERVICE_PASSWORD_VARIABLE,
  variableOf,
} from '../../src/config/options.ts'

const doc = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')

/** Rows of every table whose first cell is code, by that code. */
function rows(): Map<string, readonly string[]> {
  const found = doc.matchAll(/^\| `(?<name>[^`]+)` \|(?<rest>.*)\|$/gm)
  return new Map(
    [...found].map(({ groups }) => [
      groups?.['name'] ?? '',
      (groups?.['rest'] ?? '').split('|').map((cell) => cell.trim()),
    ]),
  )
}

const NO_OPTIONS = [CONFIG_VARIABLE, PASSWORD_VARIABLE, SERVICE_PASSWORD_VARIABLE, DEBUG_VARIABLE]

describe('docs/configuration.md', () => {
  for (const key of OPTION_KEYS) {
    it(`has a row for ${key} that says what the table of options says`, () => {
      const { kind, default: usual, description } = OPTIONS[key]
      assert.deepEqual(rows().get(key), [
        `\`${flagOf(key)}\``,
        `\`${variableOf(key)}\``,
        usual?.[0] === undefined ? 'none' : `\`${usual.join(',')}\``,
        kind.form,
        description,
      ])
    })
  }

  it('has no row for an option or variable that does not exist', () => {
    const known = [...OPTION_KEYS, ...NO_OPTIONS]
    assert.deepEqual([...rows().keys()].sort(), [...known].sort())
  })

  it('names no AFTERIMAGE_* variable that does not exist, except those of Kubernetes', () => {
    const known = new Set([...OPTION_KEYS.map(variableOf), ...NO_OPTIONS])
    const named = [...doc.matchAll(/AFTERIMAGE_[A-Z0-9_]*[A-Z0-9]/g)].map(([name]) => name)
    const unknown = named.filter((name) => !known.has(name))
    assert.deepEqual(unknown, ['AFTERIMAGE_SERVICE_HOST', 'AFTERIMAGE_PORT_8774_TCP'])
  })
})
