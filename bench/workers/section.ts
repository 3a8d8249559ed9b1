const HEAD = '\n## Workers\n'

/** The report's section on workers, which has a command of its own; '' if there is none. */
export function workersSectionOf(report: string): string {
  const at = report.indexOf(HEAD)
  return at < 0 ? '' : report.slice(at)
}

/** The report with `section`, or another one, in place of the section on workers. */
export function withWorkersSection(report: string, section: string): string {
  return report.slice(0, report.length - workersSectionOf(report).length) + section
}
