import { Argument, type Command } from 'commander'
import { bashCompletion } from './completion/bash.ts'
import { fishCompletion } from './completion/fish.ts'
import { zshCompletion } from './completion/zsh.ts'
import { type CommandDefinition, definitionOf } from './definitions.ts'
import type { Terminal } from './terminal.ts'

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } satisfies Record<
  string,
  (program: CommandDefinition) => string
>

const EXAMPLES = `
Commands, flags, values and file names are completed. The script is made from the commands of this version: make it
anew after an upgrade.

Examples:
  source <(afterimage completion bash)
  afterimage completion bash > /usr/share/bash-completion/completions/afterimage
  afterimage completion zsh > /usr/local/share/zsh/site-functions/_afterimage
  afterimage completion fish > ~/.config/fish/completions/afterimage.fish`

/** `completion`: what makes a shell complete the command line. */
export function addCompletionCommand(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .description('print the completion of a shell')
    .addArgument(new Argument('<SHELL>', 'which shell').choices(Object.keys(SHELLS)))
    .addHelpText('after', EXAMPLES)
    .action((shell: keyof typeof SHELLS) => {
      terminal.stdout.write(SHELLS[shell](definitionOf(program)))
    })
}
