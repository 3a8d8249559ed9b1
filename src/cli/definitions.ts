import type { Argument, Command, Option } from 'commander'
import { flagOf, OPTION_KEYS, OPTIONS, type OptionKey } from '../config/options.ts'
import type { ValueKind } from '../config/values.ts'
import { ROLE_NAMES } from '../identity/local/accounts.ts'

/** What the definition of a command says, for what is made from it: completion and the manual. */
export interface CommandDefinition {
  /** The words that call it, without the program's name: `['user', 'add']`. */
  readonly path: readonly string[]
  readonly description: string
  readonly operands: readonly Operand[]
  readonly flags: readonly Flag[]
  readonly commands: readonly CommandDefinition[]
  /** What the help says behind the flags: explanations and examples. */
  readonly afterHelp: string
}

/** What stands behind a command's name and is no flag. */
export interface Operand {
  readonly name: string
  readonly description: string
  readonly isRequired: boolean
  readonly isVariadic: boolean
  readonly values: Values
}

export interface Flag {
  readonly short: string | undefined
  readonly long: string
  readonly description: string
  /** What stands for its value, such as FILE; undefined if it takes none. */
  readonly placeholder: string | undefined
  readonly isVariadic: boolean
  readonly values: Values
  /** The option of the configuration that it sets. */
  readonly key: OptionKey | undefined
}

/** What a value may be: one of few words, the name of a file or a folder, or anything. */
export type Values = readonly string[] | 'file' | 'folder' | 'any'

/** Of what placeholders stand for, in every command. */
const PLACEHOLDER_VALUES: Readonly<Record<string, Values>> = {
  FILE: 'file',
  DIR: 'folder',
  TARGET: 'folder',
  BACKUP: 'folder',
  ROLE: ROLE_NAMES,
}

/** Reads a command and all below it, in the order in which they were added. */
export function definitionOf(command: Command, path: readonly string[] = []): CommandDefinition {
  const help = command.createHelp()
  return {
    path,
    description: command.description(),
    operands: command.registeredArguments.map(operandOf),
    flags: help.visibleOptions(command).map((option) => flagFrom(option)),
    commands: command.commands.map((inner) => definitionOf(inner, [...path, inner.name()])),
    afterHelp: afterHelpOf(command),
  }
}

/** This command and all below it. */
export function allOf(definition: CommandDefinition): readonly CommandDefinition[] {
  return [definition, ...definition.commands.flatMap(allOf)]
}

function operandOf(argument: Argument): Operand {
  const name = argument.name()
  return {
    name,
    description: argument.description,
    isRequired: argument.required,
    isVariadic: argument.variadic,
    values: argument.argChoices ?? PLACEHOLDER_VALUES[name] ?? 'any',
  }
}

function flagFrom(option: Option): Flag {
  const { short, long = '', flags, description, variadic: isVariadic, argChoices } = option
  const placeholder = /[<[](.+?)(?:\.\.\.)?[>\]]/.exec(flags)?.[1]
  const key = OPTION_KEYS.find((candidate) => flagOf(candidate) === long)
  const kind: ValueKind<unknown> | undefined = key === undefined ? undefined : OPTIONS[key].kind
  const isOfConfiguration = kind !== undefined && kind.placeholder === placeholder
  return {
    ...{ short: short ?? undefined, long, description, placeholder, isVariadic },
    values:
      argChoices ??
      (isOfConfiguration ? kind.words : undefined) ??
      PLACEHOLDER_VALUES[placeholder ?? ''] ??
      'any',
    key: isOfConfiguration ? key : undefined,
  }
}

/** commander keeps these texts to itself, so they are taken from the help that it prints. */
function afterHelpOf(command: Command): string {
  const usual = command.configureOutput()
  let printed = ''
  command.configureOutput({
    writeOut: (text) => {
      printed += text
    },
  })
  command.outputHelp()
  command.configureOutput(usual)
  return printed.slice(command.helpInformation().length).trim()
}
