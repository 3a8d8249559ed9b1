import { allOf, type CommandDefinition, type Values } from '../definitions.ts'

/**
 * The completion script of bash. It needs no package `bash-completion`. bash splits words at `=`, so
 * `--flag=value` arrives as three words.
 */
export function bashCompletion(program: CommandDefinition): string {
  const commands = allOf(program)
  return `# bash completion for afterimage, made by "afterimage completion bash"
_afterimage() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local at='' commands flags valued word
  local -i i operand=0
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $previous == '=' ]]; then
    previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  COMPREPLY=()
  _afterimage_at ''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == '=' ]]; then
      i+=1
    elif [[ $word == -* ]]; then
      [[ \${COMP_WORDS[i+1]} != '=' && " $valued " == *" $word "* ]] && i+=1
    elif [[ " $commands " == *" $word "* ]]; then
      at+=\${at:+ }$word
      _afterimage_at "$at"
    else
      operand+=1
    fi
  done
  if [[ " $valued " == *" $previous "* ]]; then
    _afterimage_value "$at $previous"
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [[ -n $commands ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
  else
    _afterimage_value "$at $operand"
  fi
}

_afterimage_at() {
  case $1 in
${commands.map(atLine).join('\n')}
  esac
}

_afterimage_value() {
  case $1 in
${valueLines(commands).join('\n')}
  esac
}

complete -F _afterimage afterimage
`
}

function atLine({ path, commands, flags }: CommandDefinition): string {
  const names = commands.map(({ path }) => path.at(-1)).join(' ')
  const all = flags.flatMap(({ short, long }) => (short === undefined ? [long] : [short, long]))
  const valued = flags
    .filter(({ placeholder }) => placeholder !== undefined)
    .flatMap(({ short, long }) => (short === undefined ? [long] : [short, long]))
  return `    '${path.join(' ')}') commands='${names}' flags='${all.join(' ')}' valued='${valued.join(' ')}' ;;`
}

/** Values are found by `COMMAND --flag`, or by `COMMAND n` for the nth operand from 0. */
function valueLines(commands: readonly CommandDefinition[]): readonly string[] {
  const patterns = new Map<string, string[]>()
  const add = (values: Values, pattern: string) => {
    const action = actionOf(values)
    if (action !== undefined) patterns.set(action, [...(patterns.get(action) ?? []), pattern])
  }
  for (const { path, flags, operands } of commands) {
    const at = path.join(' ')
    for (const { short, long, values } of flags) {
      add(values, `'${at} ${long}'`)
      if (short !== undefined) add(values, `'${at} ${short}'`)
    }
    for (const [place, { values, isVariadic }] of operands.entries()) {
      add(values, isVariadic ? `'${at} '[0-9]*` : `'${at} ${place}'`)
    }
  }
  return [...patterns].map(([action, found]) => `    ${found.join('|')}) ${action} ;;`)
}

function actionOf(values: Values): string | undefined {
  if (values === 'any') return undefined
  // readline completes file names itself: it knows about spaces and "~".
  if (values === 'file') return 'compopt -o default'
  if (values === 'folder') return 'compopt -o dirnames'
  return `COMPREPLY=($(compgen -W '${values.join(' ')}' -- "$current"))`
}
