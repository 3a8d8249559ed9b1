import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ownEnvironment } from '../own-environment.ts'

/** Why none can be made here; false where it can. */
export const noMachine = process.getuid?.() === 0 ? false : 'a machine of its own needs root'

/** Of a command line that hangs. */
const RUN_TIMEOUT_MS = 300_000
const BOOT_TIMEOUT_MS = 90_000
const STOP_TIMEOUT_MS = 60_000

export interface Run {
  readonly cwd?: string
  readonly environment?: Readonly<Record<string, string>>
  /** Numbers, as `1000:1000`; root otherwise. */
  readonly user?: string
  /** Reaches nothing but what else runs so in this machine; all ports are free there. */
  readonly isOffline?: boolean
}

export interface Outcome {
  readonly code: number | null
  readonly output: string
}

/**
 * This machine as it is, but nothing that is done in it is seen outside: a folder in memory is laid over the file
 * system, and is gone with it. Processes and the network are the same.
 */
export class Machine implements AsyncDisposable {
  /** Where its file system is. */
  readonly root: string
  readonly #base: string
  readonly #children = new Set<ChildProcess>()
  /** Holds a network of its own. */
  readonly #network: ChildProcess
  /** Its systemd. */
  #booted: number | undefined

  constructor() {
    this.#base = mkdtempSync(join(tmpdir(), 'afterimage-machine-'))
    mount('-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', this.#base)
    const [upper, work, root] = ['upper', 'work', 'root'].map((name) => join(this.#base, name))
    for (const folder of [upper, work, root]) mkdirSync(folder ?? '')
    this.root = root ?? ''
    const layers = `lowerdir=/,upperdir=${upper},workdir=${work}`
    mount('-t', 'overlay', '-o', layers, 'overlay', this.root)
    this.#mountSystem()
    const network = ['--net', 'sh', '-c', 'ip link set lo up && echo up && exec sleep infinity']
    this.#network = spawn('unshare', network, { stdio: ['ignore', 'pipe', 'inherit'] })
    copyFileSync(process.execPath, join(this.root, 'usr/local/bin/node'))
  }

  #mountSystem(): void {
    mount('--bind', '/proc', join(this.root, 'proc'))
    mount('--rbind', '--make-rslave', '/dev', join(this.root, 'dev'))
    mount('-t', 'tmpfs', '-o', 'mode=1777', 'tmpfs', join(this.root, 'tmp'))
  }

  /**
   * Boots it: systemd is process 1 of what runs offline from now on, and nothing else is started. What is online
   * runs no more. @returns why that cannot be done here
   */
  async boot(): Promise<string | undefined> {
    for (const name of ['proc', 'dev', 'tmp']) {
      execFileSync('umount', ['--lazy', '--recursive', join(this.root, name)])
    }
    const words = ['--quiet', '--register=no', '--keep-unit', '--private-network', '--boot']
    const container = spawn(
      'systemd-nspawn',
      [...words, `--directory=${this.root}`, 'systemd.unit=basic.target'],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let said = ''
    container.once('error', () => undefined) // then it has no pid
    for (const stream of [container.stdout, container.stderr]) {
      stream.on('data', (text) => {
        said += text
      })
    }
    this.#children.add(container)
    container.once('close', () => this.#children.delete(container))
    const deadlineMs = performance.now() + BOOT_TIMEOUT_MS
    while (container.pid !== undefined && container.exitCode === null) {
      if (performance.now() > deadlineMs) break
      this.#booted = childOf(container.pid)
      if (this.#booted !== undefined) {
        const { output } = await this.run(['systemctl', 'is-system-running'], { isOffline: true })
        if (/^(running|degraded)$/m.test(output)) return undefined
      }
      await sleep(200)
    }
    this.#booted = undefined
    if (container.pid === undefined)
      said = 'there is no systemd-nspawn (package: systemd-container)'
    else await stop(container)
    this.#mountSystem()
    return `systemd does not boot here: ${said.slice(-2000)}`
  }

  /** Nobody can write to it any more, `/tmp` included, but to what is mounted on it later. */
  freeze(): void {
    for (const path of [this.root, join(this.root, 'tmp')]) mount('-o', 'remount,bind,ro', path)
  }

  /** A folder in memory at this path. */
  mountMemory(path: string, owner: string): void {
    mount('-t', 'tmpfs', 'tmpfs', join(this.root, path))
    execFileSync('chown', [owner, join(this.root, path)])
  }

  /** Runs a command line to its end. */
  async run(command: readonly string[], how: Run = {}): Promise<Outcome> {
    const child = await this.start(command, how)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    const late = setTimeout(() => child.kill('SIGKILL'), RUN_TIMEOUT_MS)
    const [code] = await once(child, 'close')
    clearTimeout(late)
    return { code, output }
  }

  /** Starts a command line; what still runs at the end is stopped. */
  async start(command: readonly string[], how: Run = {}): Promise<ChildProcess> {
    const { cwd = '/', environment = {}, user, isOffline = false } = how
    const [uid, gid] = user?.split(':') ?? []
    if (isOffline && this.#booted !== undefined) {
      const within = ['-m', '-u', '-i', '-n', '-p', '-C', '-r', '-t', String(this.#booted)]
      return this.#spawn(['nsenter', ...within, 'env', '-C', cwd, ...command], environment)
    }
    const words = [
      ...(isOffline ? ['nsenter', `--net=/proc/${await this.#networkPid()}/ns/net`] : []),
      'chroot',
      ...(uid === undefined ? [] : [`--userspec=${uid}:${gid}`, '--groups=']),
      ...[this.root, 'env', '-C', cwd, ...command],
    ]
    return this.#spawn(words, { HOME: user === undefined ? '/root' : '/', ...environment })
  }

  #spawn(words: readonly string[], environment: Readonly<Record<string, string>>): ChildProcess {
    const own = withoutNpm(ownEnvironment())
    const child = spawn(words[0] ?? '', words.slice(1), {
      env: { ...own, HOME: '/root', TMPDIR: '/tmp', PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return child
  }

  async #networkPid(): Promise<number> {
    const { stdout, pid } = this.#network
    if (stdout?.readableLength === 0 && !stdout.readableEnded) await once(stdout, 'readable')
    return pid ?? 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children, this.#network].map((child) => stop(child)))
    execFileSync('umount', ['--lazy', '--recursive', this.#base])
    rmSync(this.#base, { recursive: true, force: true })
  }
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The first child of a process. */
function childOf(pid: number): number | undefined {
  const file = `/proc/${pid}/task/${pid}/children`
  const [child] = readFileSync(file, 'utf8').split(' ')
  return child ? Number(child) : undefined
}

function mount(...args: readonly string[]): void {
  execFileSync('mount', args)
}

/** `npm run` sets variables that a new npm would take for its own. */
function withoutNpm(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(npm_|NODE_COMPILE_CACHE|NODE$)/i.test(name)),
  )
}

/** SIGTERM, and its exit code. */
export async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const ended = once(child, 'exit')
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  child.kill('SIGTERM')
  const [code] = await ended
  clearTimeout(late)
  return code
}
