import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { fileTroubleOf } from '../file-trouble/file-trouble.ts'
import type { Cloud } from './client/cloud.ts'
import { isObject } from './client/http.ts'
import { authenticate } from './client/sign-in.ts'
import { addCloudFlags, chosenCloud } from './cloud-flags.ts'
import { builtInRequests } from './compare/built-in-requests.ts'
import { type Answer, type Endpoint, readEndpoint, send } from './compare/endpoint.ts'
import { randomRequests } from './compare/random-requests.ts'
import { jsonReport, textReport } from './compare/report.ts'
import {
  type Placeholders,
  type ReadRequest,
  type RequestFile,
  readRequests,
} from './compare/requests.ts'
import { compareAll } from './compare/run-requests.ts'
import { type SeenImage, seenImages } from './compare/seen-images.ts'
import { CommandFailure, UsageFailure } from './failure.ts'
import { Progress } from './progress.ts'
import type { Terminal } from './terminal.ts'

interface CompareFlags {
  readonly requests?: string
  readonly random?: number
  readonly seed?: number
  readonly asHost?: string
  readonly json?: boolean
}

const RANDOM_MAX = 100_000
const SEED_MAX = 2 ** 31 - 1
/** Single images that the built-in requests ask for, out of the list. */
const SHOWN_IMAGES_MAX = 25

const EXAMPLES = `
Only GET, HEAD and OPTIONS are sent. Exit code 0: the same answers; 1: there are differences. Those that
are meant are named in docs/differences.md.

Examples:
  afterimage compare http://nova.example:8774 http://127.0.0.1:8774
  afterimage compare --os-cloud mycloud https://compute.example http://127.0.0.1:8774 --random 1000
  afterimage compare http://nova.example:8774 http://127.0.0.1:8774 --requests asked.jsonl --json`

/** `compare`: whether two Compute endpoints answer alike. */
export function addCompareCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('compare')
    .description('send the same reading requests to two Compute endpoints and print what differs')
    .argument('<URL_A>', 'the endpoint as it is, such as Nova')
    .argument('<URL_B>', 'the endpoint that is to take its place')
    .option('--requests <FILE>', 'requests as JSON lines, in place of those built in')
    .option('--random <COUNT>', 'requests by chance, in place of those built in', wholeNumber)
    .option(
      '--seed <NUMBER>',
      'what --random begins with (default: another each time)',
      wholeNumber,
    )
    .option(
      '--as-host <HOST>',
      'send this Host to both, if links follow the address that clients use',
    )
    .option('--json', 'print the differences as JSON, with the answers')
    .addHelpText('after', EXAMPLES)
    .action(async (a: string, b: string) => runCompare(command, terminal, a, b))
  addCloudFlags(command)
}

function wholeNumber(text: string): number {
  if (/^[0-9]{1,10}$/.test(text) && Number(text) <= SEED_MAX) return Number(text)
  throw new InvalidArgumentError(`it must be a whole number from 0 to ${SEED_MAX}.`)
}

async function runCompare(
  command: Command,
  terminal: Terminal,
  urlA: string,
  urlB: string,
): Promise<void> {
  const flags = command.opts<CompareFlags>()
  if (flags.random !== undefined && flags.random > RANDOM_MAX) {
    throw new UsageFailure(`--random ${flags.random} must be at most ${RANDOM_MAX}`)
  }
  if (flags.requests !== undefined && flags.random !== undefined) {
    throw new UsageFailure('--requests and --random are two different runs; give one of them')
  }
  const a = readEndpoint(urlA, flags.asHost)
  const b = readEndpoint(urlB, flags.asHost)
  const file = flags.requests === undefined ? undefined : readFile(flags.requests, terminal)
  // The endpoint is given, so that a service catalogue without Compute is no hindrance.
  const placeholders = await signIn(chosenCloud(command, terminal, urlA), terminal.stop)
  const seen = await look(a, b, placeholders, file === undefined, terminal.stop)
  const seed = flags.seed ?? randomInt(SEED_MAX)
  const { requests, said } = chooseRequests(flags, seed, seen, file)
  terminal.stderr.write(`${said}\n`)
  const report =
    flags.json === true ? jsonReport({ a: urlA, b: urlB, requests: requests.length }) : textReport()
  const progress = new Progress(terminal)
  terminal.stdout.write(report.head)
  const differ = await compareAll(requests, {
    a,
    b,
    placeholders,
    stop: terminal.stop,
    onDone: (done, found) =>
      progress.show(() => `${done} of ${requests.length} requests, ${found} answered differently`),
    onDifference: (difference) => {
      progress.clear()
      terminal.stdout.write(report.next(difference))
    },
  })
  progress.clear()
  terminal.stdout.write(report.tail())
  if (differ > 0) throw new CommandFailure(`${differ} of ${requests.length} answers differ`)
  terminal.stderr.write(`${requests.length} answers, all the same\n`)
}

/** @throws CommandFailure */
async function signIn(cloud: Cloud, stop: AbortSignal): Promise<Placeholders> {
  if (cloud.authUrl === undefined && cloud.credentials.method === 'token') {
    const project = cloud.scope?.project
    if (project === undefined || !('id' in project)) {
      throw new CommandFailure('OS_TOKEN without OS_AUTH_URL: set OS_PROJECT_ID to its project')
    }
    return { token: cloud.credentials.token, project: project.id }
  }
  const { token, document } = await authenticate(cloud, stop)
  const project = isObject(document['project']) ? document['project']['id'] : undefined
  if (typeof project !== 'string') {
    throw new CommandFailure(`${cloud.origin}: the token has no project; name one to sign in to`)
  }
  return { token, project }
}

/**
 * Checks that there is something to compare, since two endpoints that refuse everything always
 * agree, and reads the images to ask about.
 * @param isAboutImages whether the requests are known to be about images
 * @throws CommandFailure
 */
async function look(
  a: Endpoint,
  b: Endpoint,
  { token, project }: Placeholders,
  isAboutImages: boolean,
  stop: AbortSignal,
): Promise<readonly SeenImage[]> {
  const list = `/v2.1/${project}/images/detail?limit=1000`
  const listAt = async (endpoint: Endpoint): Promise<Answer> => {
    const answer = await send(endpoint, 'GET', list, { 'X-Auth-Token': token }, stop)
    const url = endpoint.origin + endpoint.prefix
    if (answer.status === 0) throw new CommandFailure(`cannot reach ${url}: ${answer.text}`)
    if (answer.status === 401) {
      throw new CommandFailure(`${url} refuses the token (401): has it expired?`)
    }
    // What passes shows itself as differences, if it does not pass.
    const isRefusal = answer.status !== 200 && (endpoint === a || answer.status < 500)
    if (!isAboutImages || !isRefusal) return answer
    throw new CommandFailure(
      `${url} answers ${answer.status} to ${list}: check the address; ` +
        'where images are switched off nothing is left to compare',
    )
  }
  await listAt(b)
  const seen = seenImages((await listAt(a)).text)
  if (seen !== undefined || !isAboutImages) return seen ?? []
  throw new CommandFailure(
    `${a.origin}${a.prefix} answers ${list} with no list of images: check the address`,
  )
}

function chooseRequests(
  flags: CompareFlags,
  seed: number,
  seen: readonly SeenImage[],
  file: RequestFile | undefined,
): { readonly requests: readonly ReadRequest[]; readonly said: string } {
  if (flags.random !== undefined) {
    const requests = randomRequests(flags.random, seed, seen)
    return { requests, said: `${requests.length} requests by chance, --seed ${seed}` }
  }
  if (file === undefined) {
    const requests = builtInRequests(seen.slice(0, SHOWN_IMAGES_MAX))
    return { requests, said: `${requests.length} requests, about ${seen.length} images` }
  }
  const { requests, leftOut } = file
  const rest = leftOut === 0 ? '' : `; ${leftOut} left out that would write or cannot be filled in`
  return { requests, said: `${requests.length} requests of ${flags.requests}${rest}` }
}

/** @throws UsageFailure */
function readFile(given: string, { cwd }: Terminal): RequestFile {
  let text: string
  try {
    text = readFileSync(resolve(cwd, given), 'utf8')
  } catch (error) {
    throw new UsageFailure(`--requests ${fileTroubleOf(error, given)?.message ?? error}`)
  }
  const file = readRequests(text, given)
  if (file.requests.length > 0) return file
  throw new UsageFailure(`--requests ${given}: holds no request that can be sent`)
}
