import { cpus, loadavg } from 'node:os'
import { type Cell, Table } from '../../bench/table.ts'
import { KILL_EVERY_MS, MOMENT_MS, RELOAD_EVERY_MS } from './disturb.ts'
import { CALLERS, IMAGES } from './embedded.ts'
import { OUTAGE_RESULTS } from './front.ts'
import type { Part } from './part.ts'
import { GROWTH_MAX, HANDLES_SLACK, MEMORY_SLACK_MIB } from './processes.ts'
import { SLOW } from './readers.ts'

const REQUESTS = new Table([
  ['request', 26, 'left'],
  ['how many ended how', 66, 'left'],
])

const PROCESSES = new Table([
  ['process', 16, 'left'],
  ['MiB, middle third', 17, 'right'],
  ['MiB, last third', 15, 'right'],
  ['handles, middle third', 21, 'right'],
  ['handles, last third', 19, 'right'],
])

/** The figures of both parts, as Markdown. */
export function figuresOf(parts: readonly Part[]): string {
  return parts
    .map(({ name, tally, processes, figures, faults }) => {
      const rows = tally.lines().map(({ kind, results }) => REQUESTS.row([kind, ended(results)]))
      const held = processes.map(({ name: process, memoryMib, handles }) =>
        PROCESSES.row([
          process,
          ...[memoryMib.middle, memoryMib.last, handles.middle, handles.last].map(rounded),
        ]),
      )
      const counts = Object.entries(figures).map(([what, count]) => `${what}: ${rounded(count)}`)
      const verdict = faults.length === 0 ? 'no fault' : `${faults.length} FAULTS`
      return `
### ${name[0]?.toUpperCase()}${name.slice(1)}

${rounded(tally.requests)} requests, ${rounded(tally.count('cut'))} of them cut, ${rounded(tally.count('none'))} without an answer; ${verdict}.
${counts.join('; ')}.

${REQUESTS.head()}${rows.join('')}
${PROCESSES.head()}${held.join('')}`
    })
    .join('')
}

function ended(results: Readonly<Record<string, number>>): Cell {
  return Object.entries(results)
    .map(([result, count]) => `${result}: ${rounded(count)}`)
    .join(', ')
}

function rounded(value: number): Cell {
  return Math.round(value).toLocaleString('en-US')
}

/** docs/reliability.md: what the suite does and demands, and what came out of a run. */
export function pageOf(parts: readonly Part[], minutes: number): string {
  const { writers, uploaders, listReaders, slowReaders, leaving, leavingUploads } = CALLERS
  return `# Reliability

\`npm run soak -- --minutes N\` keeps Afterimage saturated for N minutes while much happens to it, and fails (exit code 1) if anything
acknowledged is lost, a request has no answer, an error comes that is not documented, or memory or file handles grow. It needs Linux.
With \`--write\` it writes this page. Nothing in it depends on how fast the machine is.

## What happens

Three quarters of the time: \`afterimage serve --workers 2\` over TLS, with the metrics on, over a catalogue of ${rounded(IMAGES)} images.

- ${writers} writers create, change, share, read and delete images; ${uploaders} others upload 1 to 4 MB each, read it again later, and delete it.
- ${listReaders} readers take lists of the Compute and the Image API: plain, compressed, and with the \`ETag\` of the last one.
- ${slowReaders} readers take a list of some MiB at ${SLOW.bytesPerSecond / 1000} kB/s for ${SLOW.forMs / 1000} s, then the rest of it. ${leaving} callers hang up within their lists,
  and ${leavingUploads} within its uploads. Others have wrong tokens, or read the metrics.
- Every ${KILL_EVERY_MS / 1000} s a worker gets SIGKILL: the younger one, so that the elder's memory is that of the whole time.
- Every ${RELOAD_EVERY_MS / 1000} s SIGHUP brings another certificate and other limits: rates, uploads and long lists of a caller at once, which
  the callers exceed; then none again.

The last quarter, and until each has happened: two workers in front of a Glance and a Keystone, each of which is stopped and goes on, and
is killed and started again, while callers list and show images, with tokens that are known and tokens that are not.

## What is demanded

- **Nothing acknowledged is lost.** Each writer remembers what was answered. At the end each image is compared with the list, by id with
  its properties and members, and its data by sha512; what was deleted is gone; what nobody made is not there. A change whose
  connection was cut may have been made or not, and nothing else. \`afterimage check --data-hashes\` then finds no fault.
- **No request is without an answer.** A connection is cut only within ${MOMENT_MS / 1000} s of a kill (slow readers see it when they come to it);
  the metrics of a killed worker are away until there is another one.
- **Errors only where documented.** 429 while limits are tight; ${OUTAGE_RESULTS.slice(0, -1).join(', ')}, or a list that is cut, while Glance or Keystone is away
  and until it has been noticed that it is back, which takes 30 s at most; 429 and 503 with \`Retry-After\`. No other 5xx at all.
- **Each reload takes effect:** new connections to both workers get the new certificate.
- **Memory and file handles are flat:** the median of the last third of the time is at most ${GROWTH_MAX} times that of the middle third, and
  ${MEMORY_SLACK_MIB} MiB or ${HANDLES_SLACK} handles. The first third, in which processes and caches become warm, is not judged.
- The log has no line at the level of errors. SIGTERM ends it with exit code 0.

## A run

${runOn(minutes)}
${figuresOf(parts)}`
}

function runOn(minutes: number): string {
  const processors = cpus()
  const model = processors[0]?.model ?? 'unknown'
  const others = loadavg()[0] ?? 0
  return `\`npm run soak -- --minutes ${minutes} --write\` on ${new Date().toISOString().slice(0, 10)}: ${processors.length} cores (${model}), Node
${process.versions.node}, load average at the end ${others.toFixed(1)}. \`cut\`: the connection ended without a whole answer. \`left\`: the caller hung up.
`
}
