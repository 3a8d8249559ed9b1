import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { soakEmbedded } from './embedded.ts'
import { soakInFront } from './front.ts'
import type { Part } from './part.ts'
import { figuresOf, pageOf } from './report.ts'

/** Saturates Afterimage for some minutes while much happens to it; see docs/reliability.md. */

const HELP = `Usage: npm run soak -- [--minutes N] [--json FILE] [--write]

Keeps afterimage serve --workers 2 saturated while workers are killed, certificates and limits are
reloaded, and Glance and Keystone come and go; compares afterwards what was acknowledged with what
is there. Needs Linux. Exit code 0: clean; 1: not clean; 2: it could not run.

  --minutes N   how long in all (default: 3), without preparing and comparing
  --json FILE   writes the figures there
  --write       writes docs/reliability.md
`

const PAGE = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url))
const EMBEDDED_PART = 0.75
const PROGRESS_EVERY_MS = 10_000
const EXIT_NOT_CLEAN = 1
const EXIT_COULD_NOT_RUN = 2
/** Faults that are printed. */
const SHOWN_MAX = 40

function options() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '3' },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const minutes = Number(values.minutes)
  if (!(minutes > 0 && minutes <= 1440)) throw new Error(`--minutes ${values.minutes}: 0 to 1440`)
  return { ...values, minutes }
}

/** Lets a line through now and then. */
function progress(): (what: string) => void {
  const startMs = performance.now()
  let nextMs = 0
  return (what) => {
    const nowMs = performance.now()
    if (nowMs < nextMs) return
    nextMs = nowMs + PROGRESS_EVERY_MS
    process.stderr.write(`soak: ${((nowMs - startMs) / 1000).toFixed(0)} s: ${what}\n`)
  }
}

async function run(minutes: number): Promise<readonly Part[]> {
  if (process.platform !== 'linux') throw new Error('it needs Linux, for /proc')
  const folder = await mkdtemp(join(tmpdir(), 'afterimage-soak-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const durationMs = minutes * 60_000
  const say = progress()
  return [
    await soakEmbedded(folder, durationMs * EMBEDDED_PART, say),
    await soakInFront(folder, durationMs * (1 - EMBEDDED_PART), say),
  ]
}

async function soak(): Promise<number> {
  const { help, minutes, json, write } = options()
  if (help) {
    process.stdout.write(HELP)
    return 0
  }
  const parts = await run(minutes)
  process.stdout.write(figuresOf(parts))
  if (json !== undefined) {
    const plain = parts.map(({ tally, ...rest }) => ({ ...rest, requests: tally.lines() }))
    await writeFile(json, `${JSON.stringify({ minutes, parts: plain }, null, 2)}\n`)
  }
  const faults = parts.flatMap(({ name, faults }) => faults.map((fault) => `${name}: ${fault}`))
  for (const fault of faults.slice(0, SHOWN_MAX)) process.stdout.write(`\nFAULT ${fault}`)
  process.stdout.write(`\n${faults.length === 0 ? 'clean' : `${faults.length} faults`}\n`)
  if (faults.length > 0) return EXIT_NOT_CLEAN
  if (write) await writeFile(PAGE, pageOf(parts, minutes))
  return 0
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(EXIT_COULD_NOT_RUN))
}
try {
  process.exitCode = await soak()
} catch (error) {
  process.stderr.write(`soak: it could not run: ${error instanceof Error ? error.stack : error}\n`)
  process.exitCode = EXIT_COULD_NOT_RUN
}
