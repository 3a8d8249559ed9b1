import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { Agent as AgentTls, request as requestTls } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { CLOUD } from '../../src/identity/local/clouds-yaml.ts'

const BIN = fileURLToPath(new URL('../../bin/afterimage', import.meta.url))
const ANY_PORTS = ['compute', 'image', 'identity'].flatMap((face) => [`--${face}-port`, '0'])
const LOOK_EVERY_MS = 20
/** Only a hang takes so long. */
const HANG_MS = 60_000

/** A real `afterimage serve` of several processes. */
export class Served implements AsyncDisposable {
  readonly #child
  readonly #data: string
  readonly ended: Promise<readonly unknown[]>
  stdout = ''
  stderr = ''

  constructor(
    data: string,
    flags: readonly string[],
    ports = ANY_PORTS,
    environment: Readonly<Record<string, string>> = {},
  ) {
    this.#data = data
    const args = [BIN, 'serve', '--data', data, '--log-level', 'info', ...ports, ...flags]
    this.#child = spawn(process.execPath, args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.ended = once(this.#child, 'close')
    this.#child.stdout.on('data', (piece: Buffer) => {
      this.stdout += piece
    })
    this.#child.stderr.on('data', (piece: Buffer) => {
      this.stderr += piece
    })
  }

  get pid(): number {
    return this.#child.pid ?? assert.fail('it was not started')
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  url(face: 'compute' | 'image' | 'identity'): string {
    const found = new RegExp(`^ {2}${face} +(https?://[^/\\s]+)`, 'm').exec(this.stdout)
    return found?.[1] ?? assert.fail(this.stdout)
  }

  /** Waits until it has said where it listens. */
  async greeted(): Promise<this> {
    await this.until(() => this.stdout.endsWith('\n\n'))
    return this
  }

  /** Waits until something holds. */
  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + HANG_MS
    while (!(await holds())) {
      if (this.#child.exitCode !== null || performance.now() > deadlineMs) {
        assert.fail(`it never came to that: ${holds}\n${this.stdout}\n${this.stderr}`)
      }
      await sleep(LOOK_EVERY_MS)
    }
  }

  /** The log's records. Each line of the one stream must be whole. */
  log(): readonly {
    readonly pid: number
    readonly time: number
    readonly worker?: number
    readonly msg: string
  }[] {
    const lines = this.stderr.split('\n').slice(0, -1)
    return lines.filter((line) => !line.startsWith('afterimage: ')).map((line) => JSON.parse(line))
  }

  /** Every worker that has ever served, the first one first. */
  workers(): readonly number[] {
    return this.log().flatMap(({ msg, worker }) =>
      msg === 'a worker serves' && worker !== undefined ? [worker] : [],
    )
  }

  /** A token of the user that the first start made. */
  async token(connection = new Connection()): Promise<string> {
    const document = parse(readFileSync(join(this.#data, 'clouds.yaml'), 'utf8'))
    const { username, password, project_name } = document.clouds[CLOUD].auth
    const answer = await this.signIn(username, password, project_name, connection)
    return String(answer.headers['x-subject-token'] ?? assert.fail(answer.body))
  }

  signIn(
    name: string,
    password: string,
    project: string,
    connection = new Connection(),
  ): Promise<HttpAnswer> {
    const domain = { id: 'default' }
    const identity = { methods: ['password'], password: { user: { name, domain, password } } }
    const auth = { identity, scope: { project: { name: project, domain } } }
    return connection.ask('POST', `${this.url('identity')}/v3/auth/tokens`, {
      body: JSON.stringify({ auth }),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.kill('SIGTERM')
    await this.ended
  }
}

/** An upload of which the first half has been sent. */
export interface HalfUpload {
  /** Sends the rest. @returns the answer's status, or that there was none */
  finish(): Promise<number | 'lost'>
}

const HALF = 'half of it, '

export function beginUpload(url: string, token: string): HalfUpload {
  const asked = request(url, {
    method: 'PUT',
    headers: {
      'x-auth-token': token,
      'content-type': 'application/octet-stream',
      'content-length': 2 * HALF.length,
    },
    agent: new Agent(),
  })
  const outcome = new Promise<number | 'lost'>((resolve) => {
    asked.on('response', (response) => resolve(response.resume().statusCode ?? 0))
    asked.on('error', () => resolve('lost'))
  })
  asked.write(HALF)
  return {
    finish() {
      asked.end(HALF)
      return outcome
    },
  }
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Asked {
  readonly token?: string
  /** The token that the request is about. */
  readonly subject?: string
  readonly body?: string
  readonly type?: string
}

/** One connection that is kept, and so stays with one worker. */
export class Connection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #agentTls = new AgentTls({ keepAlive: true, maxSockets: 1 })

  ask(
    method: string,
    url: string,
    { token, subject, body, type = 'application/json' }: Asked = {},
  ): Promise<HttpAnswer> {
    const headers = {
      ...(token === undefined ? {} : { 'x-auth-token': token }),
      ...(subject === undefined ? {} : { 'x-subject-token': subject }),
      ...(body === undefined
        ? {}
        : { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
    }
    return new Promise((resolve, reject) => {
      const [ask, agent] = url.startsWith('https:')
        ? [requestTls, this.#agentTls]
        : [request, this.#agent]
      const asked = ask(url, { method, headers, agent }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece
        })
        response.on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        )
      })
      asked.on('error', reject)
      asked.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
    this.#agentTls.destroy()
  }
}

/** Connections to one server, which hands them out to its workers in turn. */
export function connections(count: number): readonly Connection[] {
  return Array.from({ length: count }, () => new Connection())
}
