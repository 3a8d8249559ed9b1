import type { Command } from 'commander'
import { untimely } from '../config/key-pair.ts'
import { OPTION_KEYS, PASSWORD_VARIABLE, SERVICE_PASSWORD_VARIABLE } from '../config/options.ts'
import { printOrigin } from '../config/settings.ts'
import { addConfigFlags, loadGivenConfig } from './config-flags.ts'
import { printEndOfCalls } from './end-of-calls.ts'
import { optionIn } from './option-in.ts'
import { printTable } from './table.ts'
import type { Terminal } from './terminal.ts'

/** `config check` and `config show`. */
export function addConfigCommand(program: Command, terminal: Terminal): void {
  const config = program.command('config').description('check or show the configuration')

  const check = config
    .command('check')
    .description('check options, variables and file, and start nothing')
    .addHelpText('after', '\nExample:\n  afterimage config check --config afterimage.yaml')
    .action(() => {
      const { config, secrets } = loadGivenConfig(check, terminal)
      terminal.stdout.write('the configuration is right\n')
      terminal.stdout.write(printEndOfCalls(config.deprecation, Date.now()))
      for (const line of untimely(secrets.keyPairs, Date.now())) {
        terminal.stderr.write(`afterimage: ${line}; clients will refuse it\n`)
      }
    })
  addConfigFlags(check)

  const show = config
    .command('show')
    .description('show every option, its value, and where it comes from')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  AFTERIMAGE_HOST=::1 afterimage config show')
    .action(() => {
      const rows = rowsOf(show, terminal)
      terminal.stdout.write(
        show.opts<{ json?: boolean }>().json === true
          ? `${JSON.stringify(Object.fromEntries(rows.map(asEntry)), null, 2)}\n`
          : printTable(
              ['OPTION', 'VALUE', 'FROM'],
              rows.map(({ key, value, from }) => [key, print(value), from]),
            ),
      )
    })
  addConfigFlags(show)
}

interface Row {
  readonly key: string
  readonly value: unknown
  readonly from: string
}

function rowsOf(command: Command, terminal: Terminal): Row[] {
  const { config, secrets, origins } = loadGivenConfig(command, terminal)
  const rows = OPTION_KEYS.map((key): Row => {
    const value = optionIn(config, key)
    return { key, value: value ?? null, from: printOrigin(origins[key]) }
  })
  const { password, servicePassword } = secrets
  if (password !== undefined) {
    rows.push({ key: 'password', value: String(password), from: PASSWORD_VARIABLE })
  }
  if (servicePassword !== undefined) {
    const { from } = origins['keystone.servicePasswordFile']
    const named = from === 'default' ? SERVICE_PASSWORD_VARIABLE : 'keystone.servicePasswordFile'
    rows.push({ key: 'keystone.servicePassword', value: String(servicePassword), from: named })
  }
  return rows
}

function asEntry({ key, value, from }: Row): [string, { value: unknown; from: string }] {
  return [key, { value, from }]
}

function print(value: unknown): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return '-'
  return Array.isArray(value) ? value.map(printItem).join(', ') : String(value)
}

/** A window is printed as it was written. */
function printItem(item: unknown): string {
  return typeof item === 'object' && item !== null && 'text' in item
    ? String(item.text)
    : String(item)
}
