import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { METRICS } from '../../src/metrics/definitions.ts'

const doc = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')

it('the table of docs/metrics.md says what the definitions say', () => {
  const rows = [...doc.matchAll(/^\| `afterimage_.*$/gm)].map(([row]) => row)
  const expected = Object.entries(METRICS).map(([name, { kind, labels, help }]) => {
    const shown = labels.map((label) => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${kind} | ${shown || 'none'} | ${help} |`
  })
  assert.deepEqual(rows, expected)
})

it('docs/metrics.md says what the values of every label are', () => {
  const rows = [...doc.matchAll(/^\| `([a-z]+)` \| .*\|$/gm)].map(([, label]) => label)
  const used = new Set(Object.values(METRICS).flatMap(({ labels }) => [...labels]))
  assert.deepEqual(rows.toSorted(), [...used].toSorted())
})
