import { cpus, totalmem } from 'node:os'
import type { BuiltCatalogue } from './catalogue.ts'
import { type Demand, SHORT_FORM_TOLERANCE } from './demands.ts'
import type { Figures } from './measure.ts'
import type { Form } from './options.ts'
import { type Examined, PAGE_IMAGES } from './rows-examined.ts'
import type { Spread } from './statistics.ts'
import { type Cell, Table } from './table.ts'
import { VIEWERS } from './viewers.ts'
import type { Row } from './workload.ts'
import { CONNECTIONS } from './wrk.ts'

export function introduction(form: Form): string {
  const processors = cpus()
  const model = processors[0]?.model ?? 'unknown'
  const memoryGib = Math.round(totalmem() / 1024 ** 3)
  const what = form.name === 'full' ? '' : ' -- --short'
  return `# Throughput

Measured by \`npm run bench${what}\` on ${new Date().toISOString().slice(0, 10)}: ${processors.length} cores (${model}),
${memoryGib} GiB of memory, Node ${process.versions.node}. Every figure on this page, but for those of [workers](#workers), comes from that one run.

Each row of load is the product's own server (\`afterimage serve\`, one process) beside a bare \`node:http\` server that does
nothing but send the very same bytes (status, headers, body), recorded from the product. The load is \`wrk\`, one thread,
${CONNECTIONS} connections. wrk and server share the machine's cores, so these are not the most that either can do; the ratio is what counts.
Rounds are interleaved: each is ${form.roundSeconds} s against the product and ${form.roundSeconds} s against the bare server, for every size in turn. A figure is the
median of ${printRounds(form)}, and in parentheses the least and the most; a ratio is taken round by round.

Images have eight free properties each; half of them are one project's, three in ten are public, one in ten is shared.
${VIEWERS.map(({ name, sees }) => `\`${name}\`: ${sees}.`).join('\n')}
`
}

function printRounds({ demanded, other }: Form): string {
  if (demanded.counted === other.counted) return `${demanded.counted} rounds, after one to warm up`
  return `${demanded.counted} rounds (${other.counted} where no demand is made)`
}

const INTRODUCED_IMPORT = `
## Import

By \`afterimage import\`, documents made and piped in by another process on the same machine.

`
const IMPORT_TABLE = new Table([
  ['images', 9, 'right'],
  ['images a second', 15, 'right'],
  ['bytes on disk per image', 23, 'right'],
])

export const importSection = {
  head: () => INTRODUCED_IMPORT + IMPORT_TABLE.head(),
  row: ({ size, importedPerSecond, bytesPerImage }: BuiltCatalogue) =>
    IMPORT_TABLE.row([count(size), count(importedPerSecond), count(bytesPerImage)]),
}

const INTRODUCED_LOAD = `
## Load

\`same\`: the same query again and again. The others ask another query each time, none of them twice: \`another\` with markers,
names and times of the newest 1,000 images, at every size, so that each size has as much to remember; \`scattered\` with those
of images anywhere in the list, so that in a large catalogue nearly every image has to be fetched and printed anew.
\`cost\`: of a request, as a multiple of what it costs in the smallest catalogue. CPU: microseconds of processor time (user and
system) of the serving process for a request, all counted rounds together. \`If-None-Match\` matches, so those answers are 304.

`
const LOAD_TABLE = new Table([
  ['images/detail?', 34, 'left'],
  ['viewer', 8, 'left'],
  ['query', 9, 'left'],
  ['images', 9, 'right'],
  ['KiB', 6, 'right'],
  ['requests/s', 22, 'right'],
  ['bare requests/s', 22, 'right'],
  ['ratio', 18, 'right'],
  ['cost', 18, 'right'],
  ['p50 ms', 7, 'right'],
  ['p99 ms', 7, 'right'],
  ['bare p99', 8, 'right'],
  ['CPU µs', 7, 'right'],
  ['bare CPU', 8, 'right'],
])

export const loadSection = {
  head: () => INTRODUCED_LOAD + LOAD_TABLE.head(),
  rows: ({ request, viewer, mode }: Row, figures: readonly Figures[]) =>
    figures
      .map((f) =>
        LOAD_TABLE.row([
          request,
          viewer.name,
          mode,
          count(f.size),
          (f.bytesPerRequest / 1024).toFixed(1),
          spread(f.requestsPerSecond, 0),
          spread(f.bareRequestsPerSecond, 0),
          spread(f.ratio, 2),
          spread(f.growth, 2),
          f.p50Ms.toFixed(2),
          f.p99Ms.toFixed(2),
          f.bareP99Ms.toFixed(2),
          f.cpuMicrosecondsPerRequest.toFixed(1),
          f.bareCpuMicrosecondsPerRequest.toFixed(1),
        ]),
      )
      .join(''),
}

const INTRODUCED_EXAMINED = `
## Rows examined

For a page of ${PAGE_IMAGES} images (limit=25 reads one more, to know whether to link a next page), the first one or the one from the
middle of the list on, whichever goes through more. A row is an entry of the index that the page is found by: of the
inverted index, every entry of each word asked for between the start of the page and its end; of the index by update, every
entry from the time asked for on, and those counted first to choose it. Columns are named by the images in the catalogue. The
last two are of the largest one: images on that page, and the time to read it in the process itself.

`
function examinedTable(sizes: readonly number[]): Table {
  return new Table([
    ['filter', 44, 'left'],
    ['viewer', 8, 'left'],
    ...sizes.map((size) => [`rows of ${count(size)}`, 17, 'right'] as const),
    ['on the page', 11, 'right'],
    ['ms', 8, 'right'],
  ])
}

export const examinedSection = {
  head: ({ sizes }: Form) => INTRODUCED_EXAMINED + examinedTable(sizes).head(),
  /** @param examined of one filter and viewer, size by size */
  row: ({ sizes }: Form, examined: readonly Examined[]) => {
    const largest = examined.at(-1)
    if (largest === undefined) return ''
    const { filter, viewer, images, medianMs } = largest
    const rows = examined.map((one) => count(one.rows))
    const cells = [filter, viewer, ...rows, count(images), medianMs.toFixed(2)]
    return examinedTable(sizes).row(cells)
  },
}

const DEMANDS_TABLE = new Table([
  ['demand', 98, 'left'],
  ['measured', 10, 'right'],
  ['', 6, 'left'],
])

const STRICT = `In full: each minimum holds for the median, at every size; p99 is not judged where another process writes.`

const LENIENT = `With the tolerances of the short form, which runs where other work may take much of the cores: ${SHORT_FORM_TOLERANCE} of each minimum
is enough, of the throughput or, where that is better, of the processor time of a request (of both servers' best rounds); what
parts cost has bounds of its own.
p99, the time to the first answer and the speed of the import are judged in full runs alone.`

/** How the form judges. */
export function demandsNote({ isStrict }: Form): string {
  return `${isStrict ? STRICT : LENIENT}\n\n`
}

export function demandsSection(demands: readonly Demand[], note = ''): string {
  const rows = demands.map(({ demand, measured, isMet }) =>
    DEMANDS_TABLE.row([demand, measured, isMet ? 'met' : 'MISSED']),
  )
  return `\n## Demands\n\n${note}${DEMANDS_TABLE.head()}${rows.join('')}`
}

/** With thousands apart: 1,000,000. */
export function count(value: number): Cell {
  return Math.round(value).toLocaleString('en-US')
}

export function spread({ median, min, max }: Spread, digits: number): Cell {
  const print = (value: number) => (digits === 0 ? count(value) : value.toFixed(digits))
  return min === max ? print(median) : `${print(median)} (${print(min)}..${print(max)})`
}
