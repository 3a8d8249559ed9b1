import { resolve } from 'node:path'
import type { Command } from 'commander'
import { addCallersFlags, findCallers } from './callers.ts'
import { UsageFailure } from './failure.ts'
import { printReport } from './report/page.ts'
import { summarise } from './report/summary.ts'
import type { Terminal } from './terminal.ts'
import { writeWhole } from './write-whole.ts'

const EXAMPLES = `
One HTML file that needs nothing else, to be sent round: calls a day, by project, by client, by filter, who
stopped, who began, and what each caller has to change. Where it reads is said as for "callers".

Examples:
  afterimage report --output report.html
  afterimage report --since 2026-11-01 --project 1fa44fb3fb92411bb982dbc69482b5fe > report.html`

/** `report`: the ledger as a page to send round. */
export function addReportCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('report')
    .description('write a page about who still calls, and what each caller has to change')
    .option('-o, --output <FILE>', 'write to this file, all of it or nothing (default: stdout)')
    .addHelpText('after', EXAMPLES)
    .action(async () => runReport(command, terminal))
  addCallersFlags(command)
}

async function runReport(command: Command, terminal: Terminal): Promise<void> {
  const { output } = command.opts<{ output?: string }>()
  if (output === undefined && terminal.stdout.isTTY === true) {
    throw new UsageFailure('a page is not for a terminal; give --output FILE')
  }
  const nowMs = Date.now()
  const summary = summarise(await findCallers(command, terminal), nowMs)
  const page = printReport(summary, `${new Date(nowMs).toISOString().slice(0, 19)}Z`)
  if (output === undefined) {
    terminal.stdout.write(page)
    return
  }
  await writeWhole(resolve(terminal.cwd, output), async (sink) => {
    await new Promise<void>((done, fail) => {
      sink.once('error', fail)
      sink.end(page, done)
    })
  })
  terminal.stderr.write(
    `${summary.calls} calls of ${summary.byProject.length} projects written to ${output}\n`,
  )
}
