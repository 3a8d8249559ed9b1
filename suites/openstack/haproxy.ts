import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../test/server/free-port.ts'
import { installDebian } from '../clients/install.ts'

const EXAMPLE = new URL('../../examples/haproxy.cfg', import.meta.url)
const START_TIMEOUT_MS = 10_000

/** The addresses in the example, by server. */
const ADDRESSES = {
  compute: '127.0.0.1:8774',
  image: '127.0.0.1:9292',
  one: '127.0.0.1:8784',
  two: '127.0.0.1:8785',
  nova: '127.0.0.1:8764',
  glance: '127.0.0.1:9282',
} as const

export interface Haproxy extends AsyncDisposable {
  readonly computeUrl: string
  readonly imageUrl: string
}

/** The addresses of these servers in the test. */
export interface Behind {
  readonly nova: string
  readonly glance: string
  readonly one: string
  readonly two: string
}

/** Runs Debian's HAProxy with the shipped example; only its addresses are changed. */
export async function startHaproxy(behind: Behind): Promise<Haproxy> {
  await installDebian(['haproxy'])
  const [compute, image] = [await freeAddress(), await freeAddress()]
  const hosts = Object.entries(behind).map(([name, url]) => [name, new URL(url).host])
  const here = { compute, image, ...Object.fromEntries(hosts) } as Record<string, string>
  let config = readFileSync(EXAMPLE, 'utf8')
  for (const [name, address] of Object.entries(ADDRESSES)) {
    if (!config.includes(`${address}\n`) && !config.includes(`${address} `)) {
      throw new Error(`examples/haproxy.cfg has no address ${address} any more`)
    }
    config = config.replaceAll(address, here[name] ?? '')
  }
  const folder = mkdtempSync(join(tmpdir(), 'afterimage-haproxy-'))
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(file, config)
  const child = spawn('/usr/sbin/haproxy', ['-db', '-f', file], { stdio: 'ignore' })
  const ended = once(child, 'close')
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await answers(`http://${compute}/`)
    return {
      computeUrl: `http://${compute}`,
      imageUrl: `http://${image}`,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function answers(url: string): Promise<void> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS
  for (;;) {
    const isUp = await fetch(url).then(
      ({ status }) => status < 500,
      () => false,
    )
    if (isUp) return
    if (performance.now() > deadlineMs) throw new Error(`${url} does not answer`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function freeAddress(): Promise<string> {
  return `127.0.0.1:${await freePort()}`
}
