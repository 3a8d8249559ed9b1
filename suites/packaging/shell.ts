import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A shell on a terminal, to which keys are typed as a person would. `script` (bsdutils) makes the terminal. */

const PROMPT = /ready> $/
/** Typed so that its echo does not look like the prompt. */
const SET_PROMPT = "PS1='ready'\\>' '"
const FIRST_PROMPT = /[#$%>] $/
const TIMEOUT_MS = 60_000

/**
 * Types lines into a shell, each when the prompt is there, and returns what each of them printed between `<` and
 * `>`. @param setUp lines that are typed first
 */
export async function typeInto(
  shell: string,
  cwd: string,
  setUp: readonly string[],
  lines: readonly string[],
): Promise<readonly string[]> {
  const child = spawn('script', ['-qec', shell, '/dev/null'], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, TERM: 'dumb', LC_ALL: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const late = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS)
  let printed = ''
  let answered: string[] = []
  const output = child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })
  const until = async (prompt: RegExp) => {
    while (!prompt.test(withoutControls(printed))) {
      const { value, done } = await output.next()
      if (done === true) throw new Error(`${shell} ended: ${printed}`)
      printed += value
    }
  }
  try {
    await until(FIRST_PROMPT)
    for (const line of [SET_PROMPT, ...setUp, ...lines]) {
      printed = ''
      child.stdin.write(`${line}\r`)
      await until(PROMPT)
      answered = [...answered, /^<(.*)>\r*$/m.exec(printed)?.[1] ?? printed]
    }
  } finally {
    child.stdin.end('exit\r')
    child.stdout.resume()
    await ended
    clearTimeout(late)
  }
  return answered.slice(setUp.length + 1)
}

/** Without the sequences that move the cursor and change modes. */
function withoutControls(printed: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken away
  return printed.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '')
}
