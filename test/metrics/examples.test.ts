import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { METRICS, type MetricDefinition } from '../../src/metrics/definitions.ts'
import { MetricsRegistry } from '../../src/metrics/metrics-registry.ts'
import { ALERTS, DASHBOARD, dashboardQueries, namesIn } from './examples.ts'

const DEFINITIONS: Readonly<Record<string, MetricDefinition>> = METRICS
const ofProcess = new Set((await new MetricsRegistry().read()).map(({ name }) => name))

function definitionOf(name: string): MetricDefinition | undefined {
  const definition = DEFINITIONS[name] ?? DEFINITIONS[name.replace(/_(?:bucket|sum|count)$/, '')]
  const isPart = definition !== undefined && DEFINITIONS[name] === undefined
  return isPart === (definition?.kind === 'histogram') ? definition : undefined
}

for (const file of [DASHBOARD, ALERTS]) {
  const text = readFileSync(file, 'utf8')
  describe(file.pathname.split('/').at(-1) ?? '', () => {
    it('names only metrics that there are', () => {
      const names = [...namesIn(text)]
      assert.ok(names.length > 10)
      const unknown = names.filter((name) => !definitionOf(name) && !ofProcess.has(name))
      assert.deepEqual(unknown, [])
    })

    it('chooses them by labels that they have', () => {
      const chosen = text.matchAll(/\b(afterimage_[a-z_]+)\{([^}]*)\}/g)
      const wrong: string[] = []
      for (const [, name = '', matchers = ''] of chosen) {
        const labels = matchers.matchAll(/(?:^|,)([a-z]+)[=!]/g)
        const known = [...(definitionOf(name)?.labels ?? []), 'instance', 'job']
        for (const [, label = ''] of labels) {
          if (!known.includes(label)) wrong.push(`${name}: ${label}`)
        }
      }
      assert.deepEqual(wrong, [])
    })
  })
}

it('the dashboard shows every metric of ours', () => {
  const shown = namesIn(
    dashboardQueries()
      .map(({ query }) => query)
      .join('\n'),
  )
  const missing = Object.keys(METRICS).filter(
    (name) => !shown.has(name) && !shown.has(`${name}_bucket`),
  )
  assert.deepEqual(missing, [])
})
