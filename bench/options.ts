import { parseArgs } from 'node:util'

/** Where a full run's report goes, from the project's root. */
export const REPORT_FILE = 'docs/bench.md'

export const HELP = `Usage: npm run bench -- [--short] [--json FILE]

Measures images/detail of the embedded catalogue beside a bare node:http server that sends the very
same bytes, and what starts, imports, writes, image data and single parts cost. Prints tables, and
exits with 1 when a demand is not met.

  --short      1,000 and 100,000 images and fewer rounds, with tolerance: about five minutes.
               Without it 1,000,000 images besides, about 25 minutes, and ${REPORT_FILE} is written
  --json FILE  write every measured figure to FILE
  --help       print this

Needs Linux, wrk and curl (Debian: apt-get install wrk curl) and, in full, about 8 GB of disk in the temporary folder.
`

export interface Rounds {
  /** Of a second each, not counted. */
  readonly warmUps: number
  readonly counted: number
}

/** How much is measured. */
export interface Form {
  readonly name: 'full' | 'short'
  /** Images in a catalogue, the smallest first. */
  readonly sizes: readonly [number, ...number[]]
  /** Of a row that a demand is made of. */
  readonly demanded: Rounds
  readonly other: Rounds
  readonly roundSeconds: number
  /** Demands are made in full, times included; else with the tolerances of demands.ts. */
  readonly isStrict: boolean
  /** Of the image that is sent and fetched. */
  readonly imageBytes: number
}

const FULL: Form = {
  name: 'full',
  sizes: [1000, 100_000, 1_000_000],
  demanded: { warmUps: 1, counted: 5 },
  other: { warmUps: 1, counted: 5 },
  roundSeconds: 1,
  isStrict: true,
  imageBytes: 1024 ** 3,
}

const SHORT: Form = {
  name: 'short',
  sizes: [1000, 100_000],
  demanded: { warmUps: 1, counted: 3 },
  other: { warmUps: 0, counted: 1 },
  roundSeconds: 1,
  isStrict: false,
  imageBytes: 256 * 1024 ** 2,
}

export interface Options {
  readonly form: Form
  readonly jsonFile: string | undefined
}

/** @returns undefined when help was asked for. @throws TypeError naming a wrong flag */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      short: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  return { form: values.short ? SHORT : FULL, jsonFile: values.json }
}
