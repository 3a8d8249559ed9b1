import type { BuiltCatalogue } from './catalogue.ts'
import type { Figures } from './measure.ts'
import type { Form } from './options.ts'
import { type Examined, PAGE_IMAGES } from './rows-examined.ts'
import type { Minimum, Mode, Row } from './workload.ts'

/** What the product must reach: of throughput a ratio within one run, never an absolute figure. */

/** Of each minimum, in the short form. */
export const SHORT_FORM_TOLERANCE = 0.5
const GROWTH_MAX = 1.5
/** Where other work may take much of the cores. */
const SHORT_FORM_GROWTH_MAX = 2.5
const P99_TIMES_BARE_MAX = 4
/** However short the bare server's p99 is. */
const P99_MS_ALWAYS_GOOD = 3
const IMPORTED_PER_SECOND_MIN = 20_000

export interface Demand {
  readonly demand: string
  readonly measured: string
  readonly isMet: boolean
}

const ASKED: Readonly<Record<Mode, string>> = {
  same: 'the same query',
  another: 'another query each time',
  scattered: 'anywhere in the list',
}

/** The demands on a measured row, at all sizes. */
export function judgeRow(row: Row, figures: readonly Figures[], form: Form): readonly Demand[] {
  const { request, mode, viewer, minimum, isFlat } = row
  const what = `\`${request}\`, ${viewer.name}, ${ASKED[mode]}`
  const demands: Demand[] = []
  if (minimum !== undefined) {
    const min = required(minimum, form)
    const least = Math.min(...figures.map((f) => ratioOf(f, form)))
    const aim = minimum.aim === undefined ? '' : ` (aim: ${minimum.aim})`
    demands.push(judgeLeast(`${what}: at least ${min} of bare${aim}`, least, min))
  }
  if (isFlat) {
    const growth = growthOf(figures, form)
    const max = form.isStrict ? GROWTH_MAX : SHORT_FORM_GROWTH_MAX
    demands.push({
      demand: `${what}: costs at most ${max} times as much in the largest catalogue`,
      measured: growth.toFixed(2),
      isMet: growth <= max,
    })
  }
  if (form.isStrict) demands.push(judgeP99(what, figures))
  return demands
}

/**
 * What the form asks for of a minimum. The short form runs where other work may take much of the two
 * cores: there half of it is enough, or of what is reached so far; and times of the clock are not judged.
 */
export function required({ atLeast, reached = atLeast }: Minimum, { isStrict }: Form): number {
  return isStrict ? atLeast : Number((reached * SHORT_FORM_TOLERANCE).toFixed(3))
}

/** For the same reason the short form takes the ratio of processor time where that is better. */
function ratioOf(figures: Figures, { isStrict }: Form): number {
  const ofCpu = figures.bareLeastCpuMicrosecondsPerRequest / figures.leastCpuMicrosecondsPerRequest
  return isStrict ? figures.ratio.median : Math.max(figures.ratio.median, ofCpu)
}

function growthOf(figures: readonly Figures[], { isStrict }: Form): number {
  const [smallest, largest] = [figures[0], figures.at(-1)]
  if (smallest === undefined || largest === undefined) return Number.NaN
  const ofCpu = largest.leastCpuMicrosecondsPerRequest / smallest.leastCpuMicrosecondsPerRequest
  return isStrict ? largest.growth.median : Math.min(largest.growth.median, ofCpu)
}

export function judgeLeast(demand: string, measured: number, min: number): Demand {
  return { demand, measured: measured.toFixed(2), isMet: measured >= min }
}

function judgeP99(what: string, figures: readonly Figures[]): Demand {
  const over = ({ p99Ms, bareP99Ms }: Figures) =>
    p99Ms / Math.max(P99_TIMES_BARE_MAX * bareP99Ms, P99_MS_ALWAYS_GOOD)
  const worst = figures.toSorted((a, b) => over(b) - over(a))[0]
  return {
    demand: `${what}: p99 at most ${P99_TIMES_BARE_MAX} times that of bare, or ${P99_MS_ALWAYS_GOOD} ms`,
    measured: worst === undefined ? '' : `${worst.p99Ms.toFixed(2)} ms`,
    isMet: worst !== undefined && over(worst) <= 1,
  }
}

/** The largest catalogue is imported fast enough. */
export function judgeImport(built: readonly BuiltCatalogue[], form: Form): readonly Demand[] {
  const largest = built.at(-1)
  if (largest === undefined || !form.isStrict) return []
  const { size, importedPerSecond } = largest
  return [
    {
      demand: `import of ${size.toLocaleString('en-US')} documents: ${IMPORTED_PER_SECOND_MIN.toLocaleString('en-US')} a second or more`,
      measured: Math.round(importedPerSecond).toLocaleString('en-US'),
      isMet: importedPerSecond >= IMPORTED_PER_SECOND_MIN,
    },
  ]
}

/** Equality filters examine no more rows than the page holds, for every viewer and size. */
export function judgeExamined(examined: readonly Examined[]): readonly Demand[] {
  const equality = examined.filter(({ isEquality }) => isEquality)
  const over = equality.filter(({ rows }) => rows > PAGE_IMAGES)
  const most = Math.max(...equality.map(({ rows }) => rows))
  return [
    {
      demand: `every equality filter, viewer and size: at most ${PAGE_IMAGES} rows examined for a page`,
      measured: over.length === 0 ? `at most ${most}` : `${over.length} are not`,
      isMet: over.length === 0 && equality.length > 0,
    },
  ]
}
