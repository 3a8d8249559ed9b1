import { pino } from 'pino'
import { type Flags, loadConfig } from '../../src/config/load.ts'
import { Secret } from '../../src/config/secret.ts'
import { type Running, startAfterimage } from '../../src/server/serve.ts'

const PASSWORD = 'correct horse'

/** All three faces on free ports over a data folder, and a token of the user `demo`. @param more options */
export async function startRunning(
  data: string,
  more: Flags = {},
): Promise<{ readonly running: Running; readonly token: string; readonly project: string }> {
  const flags = { data, 'compute.port': '0', 'image.port': '0', 'identity.port': '0', ...more }
  const { config, secrets: loaded } = loadConfig({ flags, environment: {}, cwd: data })
  const secrets = {
    password: new Secret(PASSWORD),
    servicePassword: undefined,
    keyPairs: loaded.keyPairs,
  }
  const logger = pino({ level: 'silent' })
  const running = await startAfterimage({ config, secrets, logger, withExample: false })
  const user = { name: 'demo', domain: { id: 'default' }, password: PASSWORD }
  const answer = await fetch(`${running.urls.identity}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } } } }),
  })
  const token = answer.headers.get('x-subject-token')
  if (token === null) throw new Error(`demo cannot sign in: ${await answer.text()}`)
  const document = (await answer.json()) as { token: { project: { id: string } } }
  return { running, token, project: document.token.project.id }
}
