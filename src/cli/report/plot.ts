import type { Summary } from './summary.ts'

const WIDTH = 720
const HEIGHT = 200
const LEFT = 60
const BOTTOM = 28
const TOP = 10
/** Days with a name under the axis, at most. */
const NAMED_DAYS = 8

/**
 * Calls a day as bars: an inline SVG in the text's colour, each bar with its figures as a title.
 */
export function plotDays(days: Summary['days']): string {
  if (days.length === 0) return '<p>No calls.</p>'
  const most = Math.max(...days.map(({ calls }) => calls), 1)
  const top = niceCeiling(most)
  const step = (WIDTH - LEFT) / days.length
  const height = HEIGHT - TOP - BOTTOM
  const bars = days.map(({ day, calls }, index) => {
    const tall = (calls / top) * height
    const x = LEFT + index * step
    const y = TOP + height - tall
    return (
      `<rect x="${round(x + step * 0.1)}" y="${round(y)}" width="${round(step * 0.8)}" ` +
      `height="${round(tall)}"><title>${day}: ${calls.toLocaleString('en-US')} calls</title></rect>`
    )
  })
  const every = Math.ceil(days.length / NAMED_DAYS)
  const names = days.flatMap(({ day }, index) =>
    index % every === 0
      ? [`<text x="${round(LEFT + index * step)}" y="${HEIGHT - 8}">${day.slice(5)}</text>`]
      : [],
  )
  const lines = [0, 0.5, 1].map((part) => {
    const y = round(TOP + height - part * height)
    const label = Math.round(top * part).toLocaleString('en-US')
    return `<line x1="${LEFT}" y1="${y}" x2="${WIDTH}" y2="${y}"/><text x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${label}</text>`
  })
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Calls a day">
${lines.join('\n')}
<g class="bars">${bars.join('\n')}</g>
${names.join('\n')}
</svg>`
}

/** The next of 1, 2, 5, 10, 20 ... that is not below. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  const factor = [1, 2, 5, 10].find((step) => step * power >= value) ?? 10
  return Math.max(factor * power, 2)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
