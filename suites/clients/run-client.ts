import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ownEnvironment } from '../own-environment.ts'
import { FILTER_CASES } from './cases.ts'
import { ABSENT, LOCKED, OFFERED, SNAPSHOT, STRANGE } from './fixture.ts'
import type { Afterimage } from './start-afterimage.ts'

const run = promisify(execFile)
const CLIENT_TIMEOUT_MS = 180_000
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024
const HERE = fileURLToPath(new URL('.', import.meta.url))

/** Images a page, where a client asks for pages. */
export const PAGE_IMAGES = 100

/** What a client's script reported: one result for each step, as the client understood it. */
export class Reported {
  readonly #results: ReadonlyMap<string, unknown>
  readonly #looked = new Set<string>()

  constructor(results: ReadonlyMap<string, unknown>) {
    this.#results = results
  }

  /** @throws when the client did not come to this step */
  at(step: string): unknown {
    assert.ok(this.#results.has(step), `the client reported no step "${step}"`)
    this.#looked.add(step)
    return this.#results.get(step)
  }

  /** Every step that a client reported is checked. */
  assertAllLookedAt(): void {
    assert.deepEqual(
      [...this.#results.keys()].filter((step) => !this.#looked.has(step)),
      [],
    )
  }
}

/**
 * Runs a client's own script (the last word of `command` is a path in this folder) against
 * Afterimage. It is told how to sign in by the usual OS_* variables, and what to do by JSON in its
 * argument; it prints one line of JSON a step: `{"step": ..., "result": ...}`.
 */
export async function runClient(
  command: readonly [string, ...string[]],
  afterimage: Afterimage,
  environment: Readonly<Record<string, string>> = {},
): Promise<Reported> {
  const [program, ...args] = command
  const plan = {
    filters: FILTER_CASES.map(({ step, query }) => ({ step, query })),
    page: PAGE_IMAGES,
    snapshot: SNAPSHOT,
    locked: LOCKED,
    offered: OFFERED,
    strange: STRANGE,
    absent: ABSENT,
  }
  let stdout: string
  try {
    const answer = await run(program, [...args, JSON.stringify(plan)], {
      cwd: HERE,
      env: { ...ownEnvironment(), ...signInVariables(afterimage), ...environment },
      timeout: CLIENT_TIMEOUT_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
    })
    stdout = answer.stdout
  } catch (error) {
    const { code, signal, stderr } = error as { code: unknown; signal: unknown; stderr?: string }
    throw new Error(`${command.join(' ')} ended with ${code ?? signal}:\n${stderr}`)
  }
  const lines = stdout.split('\n').filter((line) => line !== '')
  const results = lines.map((line) => JSON.parse(line) as { step: string; result: unknown })
  return new Reported(new Map(results.map(({ step, result }) => [step, result])))
}

/** How most clients are told to sign in. */
export function signInVariables({ account, region }: Afterimage): Record<string, string> {
  return {
    OS_AUTH_URL: account.auth_url,
    OS_USERNAME: account.username,
    OS_PASSWORD: account.password,
    OS_PROJECT_NAME: account.project_name,
    OS_DOMAIN_NAME: account.project_domain_name,
    OS_REGION_NAME: region,
  }
}
