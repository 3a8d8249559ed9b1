import { type Command, Option } from 'commander'
import { TOOLS, type Tool } from '../successor/translate.ts'
import { CommandFailure, UsageFailure } from './failure.ts'
import { printable, type Terminal } from './terminal.ts'
import { type Gathered, type Group, gatherRequests } from './translate/group-requests.ts'
import { type PrintOptions, printFields, printGroup, printJson } from './translate/print.ts'
import { readLines } from './translate/read-lines.ts'
import { readRequest } from './translate/read-request.ts'

interface TranslateFlags {
  readonly tool?: readonly Tool[]
  readonly imageEndpoint: string
  readonly json?: boolean
}

const EXAMPLES = `
REQUEST is a URL, a path, a query or a line of an access log; "-" or none reads many from stdin, a line
each. Lines that are not about images are skipped; calls that differ only in the id or the marker are put
together, the most frequent first.

Examples:
  afterimage translate '/v2.1/images/detail?status=ACTIVE&minRam=512'
  afterimage translate 'changes-since=2026-01-01T00:00:00Z' --tool curl openstacksdk
  afterimage translate < /var/log/nova/nova-api.log --json`

/** `translate`: a call of the Compute API, as other APIs, commands and libraries ask it. */
export function addTranslateCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('translate')
    .description('say what replaces a call of the Compute API, in other APIs and clients')
    .argument('[REQUEST]', 'a URL, path, query or log line; "-": many, from stdin')
    .addOption(new Option('--tool <TOOL...>', 'only for these tools').choices(TOOLS))
    .option(
      '--image-endpoint <URL>',
      'address of the Image service in curl lines',
      '$IMAGE_ENDPOINT',
    )
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (request?: string) => runTranslate(command, request, terminal))
}

async function runTranslate(
  command: Command,
  request: string | undefined,
  terminal: Terminal,
): Promise<void> {
  const { tool: tools = TOOLS, imageEndpoint, json } = command.opts<TranslateFlags>()
  const options = { tools, imageEndpoint: readEndpoint(imageEndpoint) }
  const groups =
    request === undefined || request === '-' ? await gather(request, terminal) : [only(request)]
  terminal.stdout.write(
    json === true ? printJson(groups, options) : printForPeople(groups, options),
  )
}

function printForPeople(groups: readonly Group[], options: PrintOptions): string {
  const printed = groups.map((group) => printGroup(group, options))
  return [...printed, `Fields of the answer\n\n${printFields()}`].join('\n')
}

function only(request: string): Group {
  const first = readRequest(request)
  switch (first.kind) {
    case 'call':
      return { first, count: 1 }
    case 'refused':
      throw new CommandFailure(`the Compute API refuses this call with 400: ${first.reason}`)
    case 'other':
      throw new UsageFailure(
        `"${printable(request)}" is no call of the Compute API about images; give a URL, a path, ` +
          'a query such as "status=ACTIVE&minRam=512", or a line of an access log',
      )
  }
}

async function gather(request: string | undefined, terminal: Terminal): Promise<readonly Group[]> {
  if (request === undefined && terminal.stdin.isTTY === true) {
    throw new UsageFailure(
      'give a REQUEST, or "-" and the requests on stdin; --help shows examples',
    )
  }
  const gathered = await gatherRequests(readLines(terminal.stdin))
  say(gathered, terminal)
  if (gathered.groups.length > 0) return gathered.groups
  throw new CommandFailure(`none of ${gathered.lines} lines is a call about images`)
}

function say({ groups, lines, refused, leftOut }: Gathered, { stderr }: Terminal): void {
  const calls = groups.reduce((sum, { count }) => sum + count, leftOut)
  const parts = [`${lines} lines, ${calls} calls about images, ${groups.length} different`]
  if (refused > 0) parts.push(`${refused} that the Compute API refuses with 400`)
  if (leftOut > 0) parts.push(`${leftOut} more calls that are not shown`)
  stderr.write(`${parts.join('; ')}\n`)
}

function readEndpoint(given: string): string {
  const endpoint = given.replace(/\/+$/, '').replace(/\/v2(?:\.\d+)?$/, '')
  if (endpoint.startsWith('$') || URL.canParse(endpoint)) return endpoint
  throw new UsageFailure(`--image-endpoint "${printable(given)}" is not a URL`)
}
