import {
  CONFIG_VARIABLE,
  DEBUG_VARIABLE,
  flagOf,
  OPTION_KEYS,
  OPTIONS,
  PASSWORD_VARIABLE,
  SERVICE_PASSWORD_VARIABLE,
  variableOf,
} from '../../config/options.ts'
import { allOf, type CommandDefinition, type Flag, type Operand } from '../definitions.ts'
import { bold, example, italic, paragraph, section, subsection, tagged, text } from './roff.ts'

/** Beyond these a command takes the whole configuration, which has a section of its own. */
const OPTIONS_SHOWN_MAX = 8

const SUMMARY = 'serve and move on from the image calls of the OpenStack Compute API'

/** The page `afterimage(1)`, in the macros of man(7). */
export function manualPage(program: CommandDefinition, version: string): string {
  const commands = allOf(program).filter(({ commands }) => commands.length === 0)
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['NAME', [text(`afterimage - ${SUMMARY}`)]],
    ['SYNOPSIS', [`${bold('afterimage')} ${italic('COMMAND')} [${italic('OPTIONS')}]`]],
    ['DESCRIPTION', description(program)],
    ['COMMANDS', commands.map(commandPart)],
    ['CONFIGURATION', configuration()],
    ['ENVIRONMENT', environment()],
    ['EXIT STATUS', EXIT_STATUS.map(([code, what]) => tagged(bold(code), text(what)))],
    ['FILES', FILES.map(([path, what]) => tagged(italic(path), text(what)))],
    ['SEE ALSO', [`${bold('openstack')}(1), ${bold('systemd.service')}(5)`]],
  ]
  const title = `.TH AFTERIMAGE 1 "" "Afterimage ${version}" "User Commands"`
  return [title, ...sections.map(([heading, parts]) => section(heading, parts)), ''].join('\n')
}

const EXIT_STATUS = [
  ['0', 'Done.'],
  ['1', 'Failed; one line on the standard error says why, and what to do.'],
  ['2', 'Called or configured wrongly.'],
] as const

const FILES = [
  ['afterimage-data/afterimage.db', 'the catalogue: images, projects, users, tokens'],
  ['afterimage-data/images/', 'the data of the images'],
  ['afterimage-data/callers.db', 'the ledger of who makes the calls'],
  ['afterimage-data/clouds.yaml', 'how to sign in, with the passwords of the first users'],
] as const

const OUTPUT =
  'The result of a command goes to the standard output, all else to the standard error. Options of the ' +
  'configuration may also be variables and keys of a YAML file; see CONFIGURATION.'

function description(program: CommandDefinition): readonly string[] {
  return [text(program.description), paragraph(OUTPUT), ...program.flags.map(flagPart)]
}

function commandPart(command: CommandDefinition): string {
  const { path, operands, flags, afterHelp } = command
  const ofConfiguration = flags.filter(({ key }) => key !== undefined)
  const takesAll = ofConfiguration.length > OPTIONS_SHOWN_MAX
  const shown = flags.filter(
    ({ key, long }) => long !== '--help' && !(takesAll && key !== undefined),
  )
  const words = [
    bold(`afterimage ${path.join(' ')}`),
    ...operands.map((operand) => nameOf(operand)),
    ...(flags.length > 1 ? [`[${italic('OPTIONS')}]`] : []),
  ]
  const [explained, examples] = splitHelp(afterHelp)
  return [
    subsection(words.join(' ')),
    text(`${sentence(command.description)}`),
    ...operands
      .filter(({ description }) => description !== '')
      .map(({ name, description }) => tagged(italic(name), text(description))),
    ...shown.map(flagPart),
    ...(takesAll ? [paragraph('It also takes every option of CONFIGURATION.')] : []),
    ...(explained === '' ? [] : [paragraph(explained)]),
    ...(examples === '' ? [] : [example(examples)]),
  ].join('\n')
}

/** What the help says behind the flags: explanations, then a heading and indented examples. */
function splitHelp(afterHelp: string): readonly [string, string] {
  const [explained = '', examples = ''] = afterHelp.split(/^Examples?:\n/m)
  return [explained.trim().replace(/\s*\n\s*/g, ' '), examples.replace(/^ {2}/gm, '').trimEnd()]
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}

function nameOf({ name, isRequired, isVariadic }: Operand): string {
  const shown = `${italic(name)}${isVariadic ? '...' : ''}`
  return isRequired ? shown : `[${shown}]`
}

function flagPart({ short, long, placeholder, isVariadic, description, values }: Flag): string {
  const names = [short, long].filter((name) => name !== undefined).map((name) => bold(name))
  const value = placeholder === undefined ? '' : ` ${italic(placeholder)}${isVariadic ? '...' : ''}`
  const words =
    typeof values === 'string' || placeholder === values.join('|') ? '' : ` (${values.join(', ')})`
  return tagged(`${names.join(', ')}${value}`, text(`${description}${words}`))
}

function configuration(): readonly string[] {
  return [
    text(
      'Each option is a flag, a variable of the environment, or a key of the YAML file that --config ' +
        'names; the first one that is given wins. "afterimage config show" prints what is in force.',
    ),
    ...OPTION_KEYS.map((key) => {
      const { kind, default: usual, description } = OPTIONS[key]
      const value = usual?.[0] === undefined ? 'None by default.' : `Default: ${usual.join(',')}.`
      const about = `${sentence(description)} It is ${kind.form}. ${value}`
      return [
        tagged(`${bold(flagOf(key))} ${italic(kind.placeholder)}`, text(about)),
        '.br',
        text(`Variable ${variableOf(key)}, key ${key}.`),
      ].join('\n')
    }),
  ]
}

function environment(): readonly string[] {
  const rows: readonly (readonly [string, string])[] = [
    [CONFIG_VARIABLE, 'the file of --config'],
    [PASSWORD_VARIABLE, 'password of the users that the first start makes; made up by default'],
    [SERVICE_PASSWORD_VARIABLE, 'password of keystone.serviceUser'],
    [DEBUG_VARIABLE, '1: errors with their stack traces'],
    ['OS_*', 'for the commands that sign in to a cloud, as with other OpenStack clients'],
  ]
  return rows.map(([name, what]) => tagged(bold(name), text(what)))
}
