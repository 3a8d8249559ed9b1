import { allOf, type CommandDefinition, type Flag, type Values } from '../definitions.ts'

/** The completion script of fish. */
export function fishCompletion(program: CommandDefinition): string {
  const commands = allOf(program)
  const paths = commands.filter(({ path }) => path.length > 0).map(({ path }) => path.join(' '))
  return `# fish completion for afterimage, made by "afterimage completion fish"
function __afterimage_at --description 'whether the words so far call this command'
    set -l at
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; and continue
        contains -- (string join ' ' $at $word) ${paths.map(quoted).join(' ')}; or break
        set -a at $word
    end
    test "$at" = "$argv[1]"
end

complete -c afterimage -f
${commands.flatMap(linesOf).join('\n')}
`
}

function linesOf({ path, commands, flags, operands }: CommandDefinition): readonly string[] {
  const line = `complete -c afterimage -n ${quoted(`__afterimage_at "${path.join(' ')}"`)}`
  const kinds = new Set(operands.map(({ values }) => operandWords(values)))
  return [
    ...commands.map(
      ({ path, description }) => `${line} -a ${path.at(-1)} -d ${quoted(description)}`,
    ),
    ...flags.map((flag) => `${line} ${flagWords(flag)} -d ${quoted(flag.description)}`),
    ...[...kinds].filter((words) => words !== '').map((words) => `${line} ${words}`),
  ]
}

function flagWords({ short, long, placeholder, values }: Flag): string {
  const names = [
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    `-l ${long.slice(2)}`,
  ].join(' ')
  if (placeholder === undefined) return names
  if (values === 'any') return `${names} -x`
  return values === 'file' ? `${names} -r -F` : `${names} -x ${candidates(values)}`
}

function operandWords(values: Values): string {
  if (values === 'any') return ''
  return values === 'file' ? '-F' : candidates(values)
}

function candidates(values: 'folder' | readonly string[]): string {
  return `-a ${quoted(values === 'folder' ? '(__fish_complete_directories)' : values.join(' '))}`
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
