import { readFileSync } from 'node:fs'

/** The files for operators that name metrics. */
export const DASHBOARD = new URL('../../examples/grafana-dashboard.json', import.meta.url)
export const ALERTS = new URL('../../examples/prometheus-alerts.yml', import.meta.url)

interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly targets?: readonly { readonly expr: string }[]
  }[]
}

/** Each query of the dashboard, by the panel that shows it; without Grafana's variables. */
export function dashboardQueries(): readonly { readonly panel: string; readonly query: string }[] {
  const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as Dashboard
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      panel: title,
      query: expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'),
    })),
  )
}

/** The names of metrics in a text, as they are printed: `_bucket`, `_sum` and `_count` included. */
export function namesIn(text: string): ReadonlySet<string> {
  return new Set(text.match(/\b(?:afterimage|process|nodejs)_[a-z0-9_]+\b/g))
}
