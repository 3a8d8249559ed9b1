import type { CallerDocument } from '../../ledger/document.ts'
import { htmlText } from '../../successor/source-text.ts'
import { adviceFor } from './advice.ts'
import { plotDays } from './plot.ts'
import { RECENT_DAYS, type Share, type Summary } from './summary.ts'

/** Rows of a table; what is beyond is said. */
const ROWS_MAX = 50
const CALLERS_MAX = 200

/** One HTML page without scripts and external resources, for light and dark. */
export function printReport(summary: Summary, madeAt: string): string {
  const { days, calls, byProject, byClient, byFilter, stopped, began, callers } = summary
  const from = days[0]?.day ?? madeAt.slice(0, 10)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Who still calls the Compute API's images</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Who still calls the Compute API's images</h1>
<p>${calls.toLocaleString('en-US')} calls from ${from} to ${madeAt.slice(0, 10)} by ${byProject.length} projects. Made at ${madeAt}.</p>
<h2>Calls a day</h2>
${plotDays(days)}
<div class="columns">
${shares('By project', byProject)}
${shares('By client', byClient)}
${shares('By filter', byFilter)}
</div>
<div class="columns">
${shares(`Stopped: no call in the last ${RECENT_DAYS} days`, stopped)}
${shares(`Began: first call in the last ${RECENT_DAYS} days`, began)}
</div>
<h2>What each caller has to change</h2>
<p>Values are not recorded: NAME, KEY, VALUE, IMAGE_ID and the like stand for the caller's own.</p>
${callers.length === 0 ? '<p>Nobody has called.</p>' : callers.slice(0, CALLERS_MAX).map(printCaller).join('\n')}
${callers.length > CALLERS_MAX ? `<p>And ${callers.length - CALLERS_MAX} more; <code>afterimage callers</code> shows all.</p>` : ''}
</main>
</body>
</html>
`
}

const STYLE =
  ':root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 22%,transparent)}' +
  'body{font:15px/1.5 system-ui,sans-serif;margin:0}' +
  'main{max-width:64rem;margin:auto;padding:1.5rem}' +
  'svg{width:100%;height:auto;font-size:11px}svg text{fill:currentColor}svg line{stroke:var(--line)}' +
  '.bars rect{fill:light-dark(#2563eb,#60a5fa)}' +
  '.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr));gap:1.5rem}' +
  'table{border-collapse:collapse;width:100%}' +
  'td,th{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}' +
  '.count{text-align:right;font-variant-numeric:tabular-nums}.count,.day{white-space:nowrap}' +
  'section.caller{border-top:1px solid var(--line);padding:.5rem 0}' +
  'pre{overflow-x:auto;padding:.6rem;margin:.3rem 0;background:color-mix(in srgb,currentColor 8%,transparent)}' +
  '@media print{main{max-width:none}section.caller{break-inside:avoid}}'

function shares(heading: string, rows: readonly Share[]): string {
  const title = `<h2>${htmlText(heading)}</h2>`
  if (rows.length === 0) return `<div>${title}<p>None.</p></div>`
  const cells = rows
    .slice(0, ROWS_MAX)
    .map(
      ({ name, calls, lastSeen }) =>
        `<tr><td>${htmlText(name)}</td><td class="count">${calls.toLocaleString('en-US')}</td>` +
        `<td class="day">${lastSeen.slice(0, 10)}</td></tr>`,
    )
  const more = rows.length > ROWS_MAX ? `<p>And ${rows.length - ROWS_MAX} more.</p>` : ''
  return `<div>${title}
<table><thead><tr><th></th><th class="count">calls</th><th class="day">last seen</th></tr></thead>
<tbody>${cells.join('\n')}</tbody></table>${more}</div>`
}

function printCaller(caller: CallerDocument): string {
  const advice = adviceFor(caller)
  const who = [
    `project ${caller.project_id || '(none)'}`,
    ...(caller.user_name === undefined ? [] : [`user ${caller.user_name}`]),
    `${caller.client} ${caller.client_version}`.trim(),
    ...(caller.address === undefined ? [] : [`from ${caller.address}`]),
  ].join(', ')
  const head =
    `<p><strong>${htmlText(who)}</strong>: ${caller.calls.toLocaleString('en-US')} calls, ` +
    `last ${caller.last_seen}</p>`
  if (advice === undefined) return `<section class="caller">${head}</section>`
  const { text, missing, notes } = advice.after
  const said = [
    ...(missing.length === 0
      ? []
      : [`No equivalent of ${missing.join(', ')}: this finds more images.`]),
    ...notes,
  ]
  return `<section class="caller">
${head}
<p>Now:</p><pre>${htmlText(advice.before)}</pre>
<p>Instead (${advice.tool}):</p><pre>${htmlText(text ?? 'No equivalent.')}</pre>
${said.map((line) => `<p>${htmlText(line)}</p>`).join('\n')}
</section>`
}
