import { cpus } from 'node:os'
import { count, spread } from '../report.ts'
import { Table } from '../table.ts'
import { FIRST_WARM_UP_ROUNDS, type Row } from './measure.ts'
import type { Form } from './options.ts'

const TABLE = new Table([
  ['page', 27, 'left'],
  ['images', 6, 'right'],
  ['connections', 11, 'right'],
  ['', 23, 'left'],
  ['requests/s', 26, 'right'],
  ["of Glance's", 22, 'right'],
  ["of Nova's", 24, 'right'],
  ['p50 ms', 8, 'right'],
  ['p99 ms', 8, 'right'],
])

export function introduction(form: Form, workers: number, database: string): string {
  const processors = cpus()
  const what = form.name === 'full' ? '' : ' -- --short'
  return `# Throughput in front of a cloud

Measured by \`npm run bench:openstack${what}\` on ${new Date().toISOString().slice(0, 10)}: ${processors.length} cores (${processors[0]?.model ?? 'unknown'}),
Node ${process.versions.node}. Every figure on this page comes from that one run.

The same page of images is asked of Afterimage (\`serve --glance-url --keystone-url\`, one process), of the same with
\`--cache-ttl-ms 1000\`, of Nova's image API, and of Glance itself (\`/v2/images\`), all over the same Glance. Keystone, Glance
and Nova are Debian's packages over ${database} under uWSGI, ${workers} processes each with one thread, closing after each answer as Debian
sets them up. All of it, \`wrk\` included, shares the machine's cores. Images are one project's own, active, with eight free
properties each, written directly into Glance's database, since ten thousand through its API take minutes.

All four list the very same images on a page, which is checked before it is measured. With the cache off every list asks
Glance, but Afterimage knows when the last image of a page was made that it has read before, and asks for nothing older
(\`created_at=gte:\`). Each page is asked for again and again here, so the figures are those of pages that were read before.
Of a page that is called new every request is a first reading, without that: it carries one more time, before every image
and never the same (\`changes-since=\`, of Glance \`updated_at=gte:\`), so that the images are the same and the page is not.

Rounds are interleaved: each is ${form.roundSeconds} s for each of the four in turn, begun when the machine has nothing left to do, since
a service goes on with requests whose caller has left. A figure is the median of ${form.rounds} rounds, after one to warm up
(${FIRST_WARM_UP_ROUNDS} before the first row), and in parentheses the least and the most; a ratio is taken round by round.

${TABLE.head()}`
}

export function printRow({ page, size, connections, figures }: Row): string {
  return [...figures]
    .map(([name, of]) =>
      TABLE.row([
        page.name,
        count(size),
        String(connections),
        name,
        spread(of.requestsPerSecond, 1),
        spread(of.ofGlance, 2),
        spread(of.ofNova, 2),
        of.p50Ms.toFixed(1),
        of.p99Ms.toFixed(1),
      ]),
    )
    .join('')
}
