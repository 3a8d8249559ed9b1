import {
  allOf,
  type CommandDefinition,
  type Flag,
  type Operand,
  type Values,
} from '../definitions.ts'

/** The completion script of zsh: a file of `$fpath`, or read by `source`. */
export function zshCompletion(program: CommandDefinition): string {
  return `#compdef afterimage
# zsh completion for afterimage, made by "afterimage completion zsh"
${allOf(program).map(functionOf).join('\n')}
if [[ $funcstack[1] == _afterimage ]]; then
  _afterimage "$@"
else
  compdef _afterimage afterimage
fi
`
}

function nameOf(path: readonly string[]): string {
  return ['_afterimage', ...path].join('_')
}

function functionOf(command: CommandDefinition): string {
  return command.commands.length === 0 ? leafFunction(command) : groupFunction(command)
}

function leafFunction({ path, flags, operands }: CommandDefinition): string {
  const specs = [...flags.flatMap(flagSpecs), ...operands.map(operandSpec)]
  return `${nameOf(path)}() {
  _arguments ${specs.map(quoted).join(' \\\n    ')}
}
`
}

/** With the words of its call put aside, what is left is a command line of the inner command. */
function groupFunction({ path, flags, commands }: CommandDefinition): string {
  const described = commands.map(
    ({ path, description }) => `${path.at(-1)}:${description.replaceAll(':', '\\:')}`,
  )
  const calls = commands.map(({ path }) => `      ${path.at(-1)}) ${nameOf(path)} && found=0 ;;`)
  const specs = [...flags.flatMap(flagSpecs), '1: :->command', '*:: :->rest']
  return `${nameOf(path)}() {
  local context state state_descr line found=1
  typeset -A opt_args
  local -a commands=(
    ${described.map(quoted).join('\n    ')}
  )
  _arguments -C ${specs.map(quoted).join(' \\\n    ')} && found=0
  case $state in
    command) _describe -t commands 'command' commands && found=0 ;;
    rest) case $words[1] in
${calls.join('\n')}
    esac ;;
  esac
  return found
}
`
}

function flagSpecs({ short, long, description, placeholder, values, isVariadic }: Flag): string[] {
  const names = short === undefined ? [long] : [short, long]
  const others = isVariadic ? '*' : names.length > 1 ? `(${names.join(' ')})` : ''
  const value = placeholder === undefined ? '' : `:${escaped(placeholder)}:${actionOf(values)}`
  return names.map((name) => {
    const takes = placeholder === undefined ? '' : name.startsWith('--') ? '=' : '+'
    return `${others}${name}${takes}[${escaped(description)}]${value}`
  })
}

function operandSpec({ name, values, isRequired, isVariadic }: Operand): string {
  const place = isVariadic ? '*:' : isRequired ? ':' : '::'
  return `${place}${escaped(name)}:${actionOf(values)}`
}

function actionOf(values: Values): string {
  if (values === 'any') return ' '
  if (values === 'file') return '_files'
  if (values === 'folder') return '_files -/'
  return `(${values.join(' ')})`
}

function escaped(text: string): string {
  return text.replace(/[\\:[\]]/g, '\\$&')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
