import type { Command } from 'commander'
import { authenticate } from './client/sign-in.ts'
import { addCloudFlags, chosenCloud } from './cloud-flags.ts'
import type { Terminal } from './terminal.ts'

/** `token`: signs in and prints the token, for use in scripts. */
export function addTokenCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('token')
    .description('sign in to a cloud, and print the token')
    .addHelpText(
      'after',
      '\nExample:\n  curl -H "X-Auth-Token: $(afterimage token)" http://127.0.0.1:8774/v2.1/images',
    )
    .action(async () => {
      const { token } = await authenticate(chosenCloud(command, terminal), terminal.stop)
      terminal.stdout.write(`${token}\n`)
    })
  addCloudFlags(command)
}
