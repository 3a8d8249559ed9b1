import type { Figures } from './measure.ts'
import { type Examined, PAGE_IMAGES } from './rows-examined.ts'
import type { Row } from './workload.ts'

/** What the product must reach; figures of one run only, never an absolute time. */
const RATIO_MIN = 0.4
const GROWTH_MAX = 1.5

export interface Demand {
  readonly demand: string
  readonly measured: string
  readonly isMet: boolean
}

/** The demand on a measured row. */
export function judgeRow(row: Row, figures: readonly Figures[]): readonly Demand[] {
  if (!row.isDemanded) return []
  const what = `\`${row.request}\`, ${row.mode === 'same' ? 'the same query' : 'another query'}`
  const ratios = figures.map((f) => ({
    demand: `${what}, ${f.size.toLocaleString('en-US')} images: at least ${RATIO_MIN} of bare`,
    measured: f.ratio.median.toFixed(2),
    isMet: f.ratio.median >= RATIO_MIN,
  }))
  const growth = figures.at(-1)?.growth.median ?? Number.NaN
  const flat = {
    demand: `${what}: costs at most ${GROWTH_MAX} times as much in the largest catalogue`,
    measured: growth.toFixed(2),
    isMet: growth <= GROWTH_MAX,
  }
  const isRatioDemanded = row.request === 'limit=25' && row.mode === 'same'
  return isRatioDemanded ? [...ratios, flat] : [flat]
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
