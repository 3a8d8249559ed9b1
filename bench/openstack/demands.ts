import type { Demand } from '../demands.ts'
import type { LaneName } from './lanes.ts'
import type { Figures, Row } from './measure.ts'
import type { Form } from './options.ts'

/** The demands are made of rows with so many. */
export const DEMANDED_CONNECTIONS = 8
const OF_NOVA_MIN = 1.2
const REMEMBERED_OF_NOVA_MIN = 100

/** The demand on a measured row; figures of one run only. */
export function judgeRow(
  { page, size, connections, figures }: Row,
  form: Form['name'],
): readonly Demand[] {
  const { isBesideNova } = page
  const ofGlanceMin = page.ofGlanceMin?.[form]
  if (ofGlanceMin === undefined || connections !== DEMANDED_CONNECTIONS) return []
  const what = `${page.name}, ${size.toLocaleString('en-US')} images`
  const judge = (
    name: LaneName,
    ratio: (of: Figures) => number,
    min: number,
    said: string,
  ): Demand => {
    const of = figures.get(name)
    const value = of === undefined ? Number.NaN : ratio(of)
    return { demand: `${what}: ${said}`, measured: value.toFixed(2), isMet: value >= min }
  }
  const besideGlance = judge(
    'afterimage',
    (of) => of.ofGlance.median,
    ofGlanceMin,
    `with the cache off at least ${ofGlanceMin} of Glance's own`,
  )
  if (!isBesideNova) return [besideGlance]
  return [
    besideGlance,
    judge(
      'afterimage',
      (of) => of.ofNova.median,
      OF_NOVA_MIN,
      `with the cache off at least ${OF_NOVA_MIN} times Nova's`,
    ),
    judge(
      'afterimage, 1 s memory',
      (of) => of.ofNova.median,
      REMEMBERED_OF_NOVA_MIN,
      `with a 1 s cache at least ${REMEMBERED_OF_NOVA_MIN} times Nova's`,
    ),
  ]
}
