import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const WRITER = new URL('writer.ts', import.meta.url).pathname
/** Far more than any round needs. */
const DEADLINE_MS = 30_000

export interface WriterTask {
  readonly file: string
  readonly seed: number
  readonly round: number
  /** Empty: it opens the file, no more. */
  readonly token: string
  /** It is killed this long after so many writes were acknowledged; 0: after it began to open. */
  readonly killAfterWrites: number
  readonly killDelayMs: number
}

/** What the writer said before it was killed. */
export interface Said {
  readonly asked: number
  readonly done: number
  readonly signInsAsked: number
  readonly tokens: readonly string[]
}

/** Runs a writer and kills it with SIGKILL. @throws Error if it ended in another way. */
export async function runWriter(task: WriterTask): Promise<Said> {
  const args = [WRITER, task.file, `${task.seed}`, `${task.round}`, task.token]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'close')
  const deadline = setTimeout(() => child.kill('SIGTERM'), DEADLINE_MS)
  let trouble = ''
  child.stderr.on('data', (data) => {
    trouble += data
  })
  const said = { asked: 0, done: 0, signInsAsked: 0, tokens: [] as string[] }
  let isDoomed = false
  const killWhenDue = () => {
    if (isDoomed || said.done < task.killAfterWrites) return
    isDoomed = true
    void sleep(task.killDelayMs).then(() => child.kill('SIGKILL'))
  }
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, value = ''] = line.split(' ')
    if (word === 'asked') said.asked = Number(value) + 1
    else if (word === 'done') said.done = doneAfter(said.done, Number(value))
    else if (word === 'signing-in') said.signInsAsked += 1
    else if (word === 'signed-in') said.tokens.push(value)
    killWhenDue()
  }
  const [code, signal] = await exited
  clearTimeout(deadline)
  if (signal !== 'SIGKILL') throw new Error(`the writer ended by ${signal ?? code}: ${trouble}`)
  return said
}

/** Writes of one process go one after another, so they are acknowledged in order. */
function doneAfter(done: number, number: number): number {
  if (number !== done) throw new Error(`write ${number} was acknowledged after ${done} others`)
  return done + 1
}
