import type { Demand } from '../demands.ts'
import type { LaneName } from './lanes.ts'
import type { Figures, Row } from './measure.ts'
import type { Form } from './options.ts'

/** The demands are made of rows with so many. */
export const DEMANDED_CONNECTIONS = 8
const OF_NOVA_MIN = 1.2
const REMEMBERED_OF_NOVA_MIN = 100

/**
 * What the form asks for of a minimum. The short form has few rounds, and runs where other work may
 * take much of the two cores: there 0.7 of it is enough.
 */
const SHORT_FORM_TOLERANCE = 0.7
function required(atLeast: number, form: Form['name']): number {
  return form === 'full' ? atLeast : Number((atLeast * SHORT_FORM_TOLERANCE).toFixed(3))
}

/** The demand on a measured row; figures of one run only. */
export function judgeRow(
  { page, size, connections, figures }: Row,
  form: Form['name'],
): readonly Demand[] {
  const { isBesideNova } = page
  if (page.ofGlanceMin === undefined || connections !== DEMANDED_CONNECTIONS) return []
  const ofGlanceMin = required(page.ofGlanceMin, form)
  const ofNovaMin = required(OF_NOVA_MIN, form)
  const rememberedMin = required(REMEMBERED_OF_NOVA_MIN, form)
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
      ofNovaMin,
      `with the cache off at least ${ofNovaMin} times Nova's`,
    ),
    judge(
      'afterimage, 1 s memory',
      (of) => of.ofNova.median,
      rememberedMin,
      `with a 1 s cache at least ${rememberedMin} times Nova's`,
    ),
  ]
}
