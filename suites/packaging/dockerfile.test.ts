import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { checker, installCheckers } from './checkers.ts'
import {
  build,
  type Container,
  contextFiles,
  DOCKERFILE,
  readSteps,
  type Step,
} from './dockerfile.ts'
import { noMachine, type Run, stop } from './machine.ts'

/**
 * The Dockerfile. No image can be built here: dockerfile-utils reads it, its steps are done one by one in throw-away
 * folders, with this machine's Debian and Node in place of the base image.
 */

const FOLDERS = ['/app', '/app/node_modules', '/app/node_modules/.bin']
const START_TIMEOUT_MS = 60_000

interface Linter {
  validate(text: string): readonly { readonly message: string }[]
}

before(installCheckers)

async function lint(text: string): Promise<readonly string[]> {
  const { validate } = await checker<Linter>('dockerfile-utils/lib/main.js')
  return validate(text).map(({ message }) => message)
}

describe('what dockerfile-utils finds wrong', () => {
  const text = readFileSync(DOCKERFILE, 'utf8')

  it('is nothing', async () => {
    assert.deepEqual(await lint(text), [])
  })

  it('is something in a Dockerfile with a fault', async () => {
    assert.notDeepEqual(await lint(text.replace('--interval=15s', '--interval=soon')), [])
    assert.notDeepEqual(await lint(text.replace('EXPOSE 8774', 'EXPOSED 8774')), [])
  })
})

describe('good practice, which dockerfile-utils does not look for', () => {
  let steps: readonly Step[] = []
  before(async () => {
    steps = await readSteps()
  })
  const restsOf = (instruction: string) =>
    steps.filter((step) => step.instruction === instruction).map(({ rest }) => rest)

  it('each base image has a version, and the last stage is a slim one', () => {
    const images = restsOf('FROM').map((rest) => rest.split(' ')[0] ?? '')
    assert.ok(images.length > 1)
    for (const image of images) assert.match(image, /^node:\d+-slim$/)
  })

  it('the last stage runs nothing as root: it only copies, and ends as a user by number', () => {
    const last = steps.slice(steps.findLastIndex(({ instruction }) => instruction === 'FROM'))
    assert.deepEqual(
      last.filter(({ instruction }) => instruction === 'RUN'),
      [],
    )
    assert.match(restsOf('USER').at(-1) ?? '', /^[1-9]\d*:[1-9]\d*$/)
  })

  it('packages are those of the lock file, those for development are left out', () => {
    const runs = restsOf('RUN').join('\n')
    assert.match(runs, /^npm ci /m)
    assert.match(runs, /npm prune --omit=dev/)
    assert.doesNotMatch(runs, /npm (install|i) /)
  })

  it('the lock file is copied before the sources, so that a change of these installs nothing', () => {
    const copies = steps.map(({ instruction, rest }) => `${instruction} ${rest}`)
    const at = (start: string) => copies.findIndex((step) => step.startsWith(start))
    assert.ok(at('COPY package.json package-lock.json') < at('RUN npm ci'))
    assert.ok(at('RUN npm ci') < at('COPY src'))
  })

  it('nothing is fetched by ADD, no secret is in ENV or ARG, and commands need no shell', () => {
    assert.deepEqual([...restsOf('ADD'), ...restsOf('ARG')], [])
    assert.doesNotMatch(restsOf('ENV').join(), /password|token|secret/i)
    for (const rest of [...restsOf('ENTRYPOINT'), ...restsOf('CMD')]) assert.match(rest, /^\[/)
    assert.match(restsOf('HEALTHCHECK').join(), /CMD \["/)
  })

  it('a build sees neither node_modules nor data nor the history', () => {
    const hidden = ['node_modules', '.git', 'afterimage-data', 'dist', 'suites', 'test']
    assert.deepEqual(
      hidden.filter((name) => contextFiles().includes(name)),
      [],
    )
  })
})

describe('the steps, done one by one', { skip: noMachine }, () => {
  const machines = new AsyncDisposableStack()
  let container: Container
  let ownerOfData = ''
  after(() => machines.disposeAsync())

  before(async () => {
    container = await build(await readSteps(), machines)
    ownerOfData = (await container.machine.run(['stat', '-c', '%u:%g', '/data'])).output.trim()
    container.machine.freeze()
    for (const path of container.volumes) container.machine.mountMemory(path, container.user)
  })

  function how(): Run {
    const { environment, cwd, user } = container
    return { environment, cwd, user, isOffline: true }
  }

  it('leave neither sources nor tools for development in the image', async () => {
    const { output } = await container.machine.run(['ls', '-A', ...FOLDERS], how())
    const names = output.split(/\s+/)
    assert.ok(names.includes('dist') && names.includes('fastify'), output)
    assert.deepEqual(
      ['src', 'typescript', 'tsc', 'biome', 'fast-check', 'node'].filter((name) =>
        names.includes(name),
      ),
      [],
    )
  })

  it('give the folder of the volume to the user, as a new volume takes it over', () => {
    assert.deepEqual(container.volumes, ['/data'])
    assert.equal(ownerOfData, container.user)
  })

  it('give a server that runs as nobody special on a read-only file system, and is healthy', async () => {
    const { machine, command, healthcheck, volumes } = container
    assert.notEqual((await machine.run(healthcheck, how())).code, 0, 'nothing runs yet')
    const server = await machine.start(command, how())
    let log = ''
    server.stderr?.on('data', (text) => {
      log += text
    })
    const deadlineMs = performance.now() + START_TIMEOUT_MS
    while ((await machine.run(healthcheck, how())).code !== 0) {
      assert.ok(performance.now() < deadlineMs && server.exitCode === null, log)
      await sleep(500)
    }
    const touched = await machine.run(['touch', '/app/x'], { ...how(), user: '0:0' })
    assert.match(touched.output, /Read-only file system/)
    const data = await machine.run(['ls', '-ln', ...volumes], how())
    assert.match(data.output, / 1000 1000 .* afterimage\.db$/m)
    const listed = await machine.run([...command.slice(0, -1), 'images', '--json'], how())
    assert.equal(listed.output, '[]\n')
    assert.equal(await stop(server), 0, log)
    assert.notEqual((await machine.run(healthcheck, how())).code, 0, 'it is stopped')
  })
})
