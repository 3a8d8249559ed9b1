import { pino } from 'pino'
import { loadConfig } from '../../src/config/load.ts'
import { Secret } from '../../src/config/secret.ts'
import { startAfterimage } from '../../src/server/serve.ts'

/** A server in a process of its own: `node --expose-gc child.ts FOLDER PASSWORD`, with IPC. */

/** Messages of the child process. */
export type Told =
  | { readonly kind: 'listening'; readonly urls: Readonly<Record<string, string>> }
  | { readonly kind: 'memory'; readonly rssBytes: number }
  /** An error that must never happen. */
  | { readonly kind: 'trouble'; readonly text: string }

function tell(told: Told): void {
  process.send?.(told)
}

const ERROR_LEVEL = 50
/** The time until freed memory has gone back to the system. */
const SETTLE_MS = 300

process.on('unhandledRejection', (reason) =>
  tell({ kind: 'trouble', text: `unhandled: ${reason}` }),
)
process.on('uncaughtException', (error) => tell({ kind: 'trouble', text: `uncaught: ${error}` }))
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') tell({ kind: 'trouble', text: `warning: ${warning}` })
})

const logger = pino(
  { level: 'warn' },
  {
    write: (line) => {
      const { level } = JSON.parse(line) as { level: number }
      if (level >= ERROR_LEVEL) tell({ kind: 'trouble', text: line })
    },
  },
)

const [data = '', password = ''] = process.argv.slice(2)
const flags = { data, 'compute.port': '0', 'image.port': '0', 'identity.port': '0' }
const { config } = loadConfig({ flags, environment: {}, cwd: process.cwd() })
const running = await startAfterimage({
  config,
  secrets: { password: new Secret(password), servicePassword: undefined, keyPairs: {} },
  logger,
  withExample: false,
})
process.on('message', async (message) => {
  if (message === 'stop') {
    await running.close()
    process.disconnect?.()
    return
  }
  for (let i = 0; i < 3; i += 1) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  }
  tell({ kind: 'memory', rssBytes: process.memoryUsage.rss() })
})
tell({ kind: 'listening', urls: running.urls })
