import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'

/** An intended difference, named in `docs/differences.md`. */
interface Named<Problem, Context> {
  readonly id: string
  /** Whether the problem is this difference and nothing more. */
  explains(problem: Problem, context: Context): boolean
}

interface Recorded {
  readonly group: string
  readonly name: string
  readonly method: string
  readonly path: string
}

const PATH_CHARACTERS_SHOWN = 120
const PROBLEMS_SHOWN = 4
const VALUE_CHARACTERS_SHOWN = 300

/** The result of a replay: answers that agree, differ as named, or differ otherwise. */
export class Tally<Problem extends { readonly where: string }, Context> {
  readonly #differences: readonly Named<Problem, Context>[]
  readonly #used = new Map<string, number>()
  readonly #unexplained: string[] = []
  #agree = 0
  #named = 0

  constructor(differences: readonly Named<Problem, Context>[]) {
    this.#differences = differences
  }

  /** @param sides of a problem: what was recorded, and what is answered here */
  add(
    record: Recorded,
    problems: readonly Problem[],
    context: Context,
    sides: (problem: Problem) => readonly [unknown, unknown],
  ): void {
    const left = problems.filter((problem) => {
      const difference = this.#differences.find((d) => d.explains(problem, context))
      if (difference === undefined) return true
      this.#used.set(difference.id, (this.#used.get(difference.id) ?? 0) + 1)
      return false
    })
    if (problems.length === 0) this.#agree += 1
    else if (left.length === 0) this.#named += 1
    else {
      const { group, name, method, path } = record
      const request = `${group} | ${name} | ${method} ${path.slice(0, PATH_CHARACTERS_SHOWN)}`
      const shown = left.slice(0, PROBLEMS_SHOWN).map((problem) => {
        const [recorded, ours] = sides(problem)
        return `${problem.where}: recorded ${show(recorded)}, here ${show(ours)}`
      })
      this.#unexplained.push(`${request}\n    ${shown.join('\n    ')}`)
    }
  }

  /** Prints the figures, and fails on what is unexplained and on names that nothing needs. */
  judge(t: TestContext, what: string): void {
    const unexplained = this.#unexplained
    t.diagnostic(
      `${what}: ${this.#agree} agree, ${this.#named} differ as named, ${unexplained.length} differ otherwise`,
    )
    for (const [id, count] of [...this.#used].sort()) t.diagnostic(`  ${id}: ${count}`)
    assert.ok(unexplained.length === 0, `differ otherwise:\n${unexplained.join('\n')}`)
    const idle = this.#differences.filter((d) => !this.#used.has(d.id)).map((d) => d.id)
    assert.deepEqual(idle, [], 'differences that no recorded answer shows')
  }
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, VALUE_CHARACTERS_SHOWN)
}
