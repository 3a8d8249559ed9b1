import { parseArgs } from 'node:util'

/** Where a full run's report goes, from the project's root. */
export const REPORT_FILE = 'docs/bench-openstack.md'

export const HELP = `Usage: npm run bench:openstack -- [--short]

Measures the same pages from Afterimage (without and with its short memory), from Nova and from Glance
itself, all over one Glance, prints tables, and exits with 1 when a demand is not met.

  --short  1,000 images, the pages that demands are made of, 8 connections: about eight minutes. It asks
           for 0.7 of each demand, as the rounds are few and the machine may have other work to do.
           Without it 10,000 images besides, every page, 1 connection besides, twenty minutes; ${REPORT_FILE} is written
  --help   print this

Starts Debian's Keystone, Glance and Nova on ports of its own (suites/openstack/start-cloud, which needs
root the first time) and empties that Glance. Needs wrk (Debian: apt-get install wrk).
`

/** How much is measured. */
export interface Form {
  readonly name: 'full' | 'short'
  /** Images in Glance, the fewest first. */
  readonly sizes: readonly number[]
  readonly connections: readonly number[]
  readonly areDemandedPagesOnly: boolean
  readonly rounds: number
  readonly roundSeconds: number
}

const FULL: Form = {
  name: 'full',
  sizes: [1000, 10_000],
  connections: [1, 8],
  areDemandedPagesOnly: false,
  rounds: 5,
  roundSeconds: 2,
}

const SHORT: Form = {
  name: 'short',
  sizes: [1000],
  connections: [8],
  areDemandedPagesOnly: true,
  rounds: 9,
  roundSeconds: 2,
}

/** @returns undefined when help was asked for. @throws TypeError naming a wrong flag */
export function readForm(args: readonly string[]): Form | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      short: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  return values.short ? SHORT : FULL
}
