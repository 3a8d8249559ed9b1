import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checker } from './checkers.ts'
import { Machine } from './machine.ts'

/**
 * Does what a Dockerfile says, step by step, where no image can be built: a stage is a throw-away machine, with this
 * Node in place of the base image.
 */

export const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url))
export const DOCKERFILE = join(CHECKOUT, 'Dockerfile')

export interface Step {
  /** Upper case, such as COPY. */
  readonly instruction: string
  /** All that follows, flags too. */
  readonly rest: string
}

/** What the last stage says of the container. */
export interface Container {
  readonly machine: Machine
  readonly environment: Readonly<Record<string, string>>
  readonly cwd: string
  readonly user: string
  readonly volumes: readonly string[]
  readonly healthcheck: readonly string[]
  readonly command: readonly string[]
}

interface Parsed {
  getInstructions(): readonly { getInstruction(): string; getTextContent(): string }[]
}

export async function readSteps(): Promise<readonly Step[]> {
  const { DockerfileParser } = await checker<{
    DockerfileParser: { parse(text: string): Parsed }
  }>('dockerfile-ast/lib/main.js')
  const parsed = DockerfileParser.parse(readFileSync(DOCKERFILE, 'utf8'))
  return parsed.getInstructions().map((instruction) => ({
    instruction: instruction.getInstruction().toUpperCase(),
    rest: instruction
      .getTextContent()
      .trim()
      .replace(/^\S+\s+/, ''),
  }))
}

/** The files of the checkout that a build may see; `.dockerignore` here is `*` and what is taken back. */
export function contextFiles(): readonly string[] {
  const lines = readFileSync(join(CHECKOUT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const [first, ...others] = lines
  if (first !== '*' || others.some((line) => !/^![\w.-]+$/.test(line))) {
    throw new Error('.dockerignore has a form that this test does not read')
  }
  return others.map((line) => line.slice(1))
}

class Stage {
  readonly machine = new Machine()
  environment: Readonly<Record<string, string>> = {}
  cwd = '/'
  user = ''
  volumes: readonly string[] = []
  healthcheck: readonly string[] = []
  entrypoint: readonly string[] = []
  command: readonly string[] = []
}

/** Does all steps. Every machine that it makes goes into `machines`, to be thrown away. */
export async function build(
  steps: readonly Step[],
  machines: Pick<AsyncDisposableStack, 'use'>,
): Promise<Container> {
  const stages = new Map<string, Stage>()
  let stage: Stage | undefined
  for (const step of steps) {
    if (step.instruction === 'FROM') {
      stage = new Stage()
      machines.use(stage.machine)
      stages.set(/ AS (\S+)$/i.exec(step.rest)?.[1] ?? '', stage)
    } else if (stage === undefined) throw new Error(`${step.instruction} stands before FROM`)
    else await take(stage, step, stages)
  }
  if (stage === undefined) throw new Error('no FROM')
  const { machine, environment, cwd, user, volumes, healthcheck } = stage
  const command = [...stage.entrypoint, ...stage.command]
  return { machine, environment, cwd, user, volumes, healthcheck, command }
}

async function take(stage: Stage, { instruction, rest }: Step, stages: ReadonlyMap<string, Stage>) {
  if (instruction === 'RUN') return await runStep(stage, rest)
  if (instruction === 'COPY') return await copyStep(stage, rest, stages)
  if (instruction === 'WORKDIR') {
    stage.cwd = rest
    mkdirSync(join(stage.machine.root, rest), { recursive: true })
  } else if (instruction === 'ENV') {
    const pairs = rest.split(/\s+/).map((pair) => pair.split('=') as [string, string])
    stage.environment = { ...stage.environment, ...Object.fromEntries(pairs) }
  } else if (instruction === 'USER') stage.user = rest
  else if (instruction === 'VOLUME') stage.volumes = [...stage.volumes, ...rest.split(/\s+/)]
  else if (instruction === 'HEALTHCHECK') stage.healthcheck = words(rest.replace(/^.*?\bCMD /, ''))
  else if (instruction === 'ENTRYPOINT') stage.entrypoint = words(rest)
  else if (instruction === 'CMD') stage.command = words(rest)
  else if (!['EXPOSE', 'STOPSIGNAL'].includes(instruction)) {
    throw new Error(`this test does not know the instruction ${instruction}`)
  }
}

function words(json: string): readonly string[] {
  return JSON.parse(json) as string[]
}

async function runStep({ machine, environment, cwd, user }: Stage, line: string): Promise<void> {
  const command = ['/bin/sh', '-c', line]
  const by = user === '' ? {} : { user }
  const { code, output } = await machine.run(command, { cwd, environment, ...by })
  if (code !== 0) throw new Error(`RUN ${line}: exit code ${code}\n${output}`)
}

async function copyStep(stage: Stage, rest: string, stages: ReadonlyMap<string, Stage>) {
  const parts = rest.split(/\s+/)
  const flags = parts.filter((part) => part.startsWith('--'))
  const paths = parts.filter((part) => !part.startsWith('--'))
  const flag = (name: string) => flags.find((f) => f.startsWith(`--${name}=`))?.split('=')[1]
  const from = flag('from')
  const target = join(stage.machine.root, stage.cwd, paths.at(-1) ?? '')
  const absolute = paths.at(-1)?.startsWith('/')
    ? join(stage.machine.root, paths.at(-1) ?? '')
    : target
  for (const path of paths.slice(0, -1)) {
    const source = from === undefined ? fromContext(path) : join(rootOf(stages, from), path)
    copy(source, absolute, paths.at(-1)?.endsWith('/') === true || paths.length > 2)
  }
  const owner = flag('chown')
  if (owner !== undefined) {
    await stage.machine.run(['chown', '-R', owner, absolute.slice(stage.machine.root.length)])
  }
}

function fromContext(path: string): string {
  const [first = ''] = path.split('/')
  if (!contextFiles().includes(first)) throw new Error(`COPY ${path}: .dockerignore hides it`)
  return join(CHECKOUT, path)
}

function rootOf(stages: ReadonlyMap<string, Stage>, name: string): string {
  const stage = stages.get(name)
  if (stage === undefined) throw new Error(`COPY --from=${name}: there is no such stage before`)
  return stage.machine.root
}

/** Of a folder COPY takes what is in it, of a file the file. */
function copy(source: string, target: string, isFolder: boolean): void {
  if (!existsSync(source)) throw new Error(`COPY: there is no ${source}`)
  const into = isFolder ? join(target, source.slice(dirname(source).length)) : target
  cpSync(source, into, { recursive: true, verbatimSymlinks: true })
}
