import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { BIN } from '../openstack/start-front.ts'
import { ownEnvironment } from '../own-environment.ts'

/** A server that starts unexpectedly is stopped; the test then fails. */
const TIMEOUT_MS = 30_000
export const ANY_PORTS = ['--image-port', '0', '--identity-port', '0'] as const

export interface Outcome {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** The user and group to run as. */
  readonly id?: number
  /** How many files the process may have open. */
  readonly filesMax?: number
}

/** Runs the product's command. */
export function runCommand(
  args: readonly string[],
  { id, filesMax }: RunOptions = {},
): Promise<Outcome> {
  const limit = filesMax === undefined ? [] : ['prlimit', `--nofile=${filesMax}`]
  const [program = '', ...rest] = [...limit, process.execPath, BIN, ...args]
  const as = id === undefined ? {} : { uid: id, gid: id }
  const options = { ...as, env: ownEnvironment(), timeout: TIMEOUT_MS, cwd: '/' }
  return new Promise((resolve) => {
    execFile(program, rest, options, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? (error === null ? 0 : 'stopped'), stdout, stderr })
    })
  })
}

/** The one line of a command that fails. */
export async function lineOf(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args, options)
  assert.equal(code, 1, `${args.join(' ')}: ${stderr}`)
  assert.equal(stdout, '')
  assert.match(stderr, /^afterimage: [^\n]+\n$/)
  return stderr.slice('afterimage: '.length, -1)
}
