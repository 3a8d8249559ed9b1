import type { Command } from 'commander'
import { definitionOf } from './definitions.ts'
import { manualPage } from './manual/page.ts'
import type { Terminal } from './terminal.ts'
import { packageVersion } from './version.ts'

const EXAMPLES = `
Examples:
  afterimage man | man -l -
  afterimage man > /usr/local/share/man/man1/afterimage.1`

/** `man`: the manual page, made from the definitions of the commands. */
export function addManCommand(program: Command, terminal: Terminal): void {
  program
    .command('man')
    .description('print the manual page, for man -l')
    .addHelpText('after', EXAMPLES)
    .action(() => {
      terminal.stdout.write(manualPage(definitionOf(program), packageVersion()))
    })
}
