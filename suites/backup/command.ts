import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { BIN } from '../openstack/start-front.ts'
import { ownEnvironment } from '../own-environment.ts'

export interface Ended {
  /** null: it was killed. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the product's command, and kills it when `untilKill` resolves, if it has not ended. */
export async function afterimage(
  args: readonly string[],
  untilKill?: (ended: AbortSignal) => Promise<unknown>,
): Promise<Ended> {
  const child = spawn(process.execPath, [BIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: ownEnvironment(),
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  const closed = once(child, 'close') as Promise<[number | null]>
  if (untilKill !== undefined) {
    const ended = new AbortController()
    void closed.then(() => ended.abort())
    await Promise.race([closed, untilKill(ended.signal)])
    child.kill('SIGKILL')
  }
  const [code] = await closed
  return { code, ...output }
}

/** Runs it to its end, which must be a good one. @returns what it printed with --json */
export async function done(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await afterimage([...args, '--json'])
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}${stdout}`)
  return JSON.parse(stdout)
}
