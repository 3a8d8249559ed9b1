import { type Command, Option } from 'commander'
import { ComputeFault } from '../api/compute/faults.ts'
import { readListRequest } from '../api/compute/query.ts'
import { imageApiParameters } from '../successor/image-api.ts'
import {
  computeList,
  type ImageJson,
  type ImageList,
  imageApiList,
  listImages,
} from './client/list-images.ts'
import { signIn } from './client/sign-in.ts'
import { addCloudFlags, chosenCloud } from './cloud-flags.ts'
import { CommandFailure, UsageFailure } from './failure.ts'
import { printTable } from './table.ts'
import type { Terminal } from './terminal.ts'

interface ImagesFlags {
  readonly name?: string
  readonly status?: string
  readonly changesSince?: string
  readonly minRam?: string
  readonly minDisk?: string
  readonly server?: string
  readonly type?: string
  readonly property?: readonly string[]
  readonly limit?: string
  readonly marker?: string
  readonly json?: boolean
  readonly via: 'compute' | 'image'
  readonly explain?: boolean
  readonly endpoint?: string
}

const EXAMPLES = `
Examples:
  afterimage images
  afterimage images --status active --property os_distro=debian
  afterimage images --os-cloud mycloud --changes-since 2026-01-01T00:00:00Z --json
  afterimage images --via image --explain --min-ram 512
  afterimage images --limit 20 --marker ee10f19c-503c-44af-af2f-73d5e42f7a17`

/** `images`: what a Compute endpoint lists, as a table or JSON. */
export function addImagesCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('images')
    .description('list the images of a Compute endpoint, this one or any other')
    .addOption(
      new Option('--via <API>', 'which API to ask; image: the same question, translated')
        .choices(['compute', 'image'])
        .default('compute'),
    )
    .option('--explain', 'print the request of both APIs on stderr')
    .option('--name <NAME>', 'only images of exactly this name')
    .option('--status <STATUS>', 'only images of this status, such as ACTIVE')
    .option('--changes-since <TIME>', 'only images changed at this ISO 8601 time or later')
    .option('--min-ram <MIB>', 'only images whose minimum RAM is this many MiB')
    .option('--min-disk <GIB>', 'only images whose minimum disk is this many GiB')
    .option('--server <ID>', 'only snapshots of this server')
    .option('--type <TYPE>', 'only images of this type, such as snapshot')
    .option('--property <KEY=VALUE>', 'only images with this property; may be repeated', collect)
    .option('--limit <COUNT>', 'at most so many images (default: all)')
    .option('--marker <ID>', 'only images listed after this one')
    .option('--json', 'print the images as JSON, as the server sent them')
    .option(
      '--endpoint <URL>',
      'endpoint of the API asked (default: as the service catalogue says)',
    )
    .addHelpText('after', EXAMPLES)
    .action(async () => runImages(command, terminal))
  addCloudFlags(command)
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

async function runImages(command: Command, terminal: Terminal): Promise<void> {
  const flags = command.opts<ImagesFlags>()
  const query = queryOf(flags)
  const isTranslated = flags.via === 'image' || flags.explain === true
  const translated = isTranslated ? translate(query) : undefined
  if (flags.explain === true) explain(query, translated, terminal)
  const asked = flags.via === 'compute' ? query : translated
  if (asked === undefined) throw new CommandFailure(`${NO_EQUIVALENT}; leave --via image out`)
  const list = await chosenList(command, flags, terminal)
  const images: ImageJson[] = []
  let hasMore = false
  for await (const page of listImages(list, asked, terminal.stop)) {
    for (const image of page.images) images.push(image)
    hasMore = page.hasMore
    if (flags.limit !== undefined) break
  }
  terminal.stdout.write(
    flags.json === true ? `${JSON.stringify(images, null, 2)}\n` : TABLES[flags.via](images),
  )
  const last = images.at(-1)
  if (flags.limit !== undefined && hasMore && last !== undefined) {
    terminal.stderr.write(`more images follow; go on with --marker ${last['id']}\n`)
  }
}

async function chosenList(
  command: Command,
  { via, endpoint }: ImagesFlags,
  terminal: Terminal,
): Promise<ImageList> {
  const cloud = chosenCloud(command, terminal, endpoint)
  const given = endpoint === undefined || via === 'compute' ? {} : { imageEndpoint: endpoint }
  const { token, url } = await signIn({ ...cloud, ...given }, via, terminal.stop)
  return via === 'compute' ? computeList(url, token) : imageApiList(url, token)
}

const NO_EQUIVALENT = 'the Image API cannot ask for a property of such a name'

/** The same query for the Image API. @returns undefined if the Image API has no equivalent */
function translate(query: URLSearchParams): URLSearchParams | undefined {
  try {
    const parameters = imageApiParameters(readListRequest(query.toString()))
    return parameters && new URLSearchParams(parameters.map(([name, value]) => [name, value]))
  } catch (error) {
    if (error instanceof ComputeFault) throw new UsageFailure(error.message)
    throw error
  }
}

function explain(
  query: URLSearchParams,
  translated: URLSearchParams | undefined,
  { stderr }: Terminal,
): void {
  const mark = (parameters: URLSearchParams) => (parameters.size === 0 ? '' : `?${parameters}`)
  stderr.write(`Compute API: GET /v2.1/images/detail${mark(query)}\n`)
  stderr.write(
    `Image API:   ${translated === undefined ? NO_EQUIVALENT : `GET /v2/images${mark(translated)}`}\n`,
  )
}

function queryOf(flags: ImagesFlags): URLSearchParams {
  const query = new URLSearchParams()
  const set = (parameter: string, value: string | undefined) => {
    if (value !== undefined) query.set(parameter, value)
  }
  set('name', flags.name)
  set('status', flags.status)
  set('changes-since', flags.changesSince)
  set('minRam', wholeNumber('--min-ram', flags.minRam))
  set('minDisk', wholeNumber('--min-disk', flags.minDisk))
  set('server', flags.server)
  set('type', flags.type)
  for (const property of flags.property ?? []) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(property) ?? []
    if (key === undefined) {
      throw new UsageFailure(`--property "${property}" must be KEY=VALUE, such as os_distro=debian`)
    }
    set(`property-${key}`, value)
  }
  if (flags.limit !== undefined && !/^[1-9][0-9]{0,8}$/.test(flags.limit)) {
    throw new UsageFailure(`--limit "${flags.limit}" must be a whole number from 1 to 999999999`)
  }
  set('limit', flags.limit)
  set('marker', flags.marker)
  return query
}

function wholeNumber(flag: string, text: string | undefined): string | undefined {
  if (text === undefined || /^[0-9]{1,10}$/.test(text)) return text
  throw new UsageFailure(`${flag} "${text}" must be a whole number`)
}

/** Where each API's answer has what the table shows. */
const TABLES = {
  compute: tableOf('OS-EXT-IMG-SIZE:size', 'minRam', 'minDisk', 'updated'),
  image: tableOf('size', 'min_ram', 'min_disk', 'updated_at'),
} as const

function tableOf(sizeField: string, minRam: string, minDisk: string, updated: string) {
  const headings = ['ID', 'NAME', 'STATUS', 'SIZE', 'MIN RAM', 'MIN DISK', 'UPDATED']
  return (images: readonly ImageJson[]): string =>
    printTable(
      headings,
      images.map((image) => [
        text(image['id']),
        text(image['name']),
        text(image['status']),
        size(image[sizeField]),
        amount(image[minRam], 'MiB'),
        amount(image[minDisk], 'GiB'),
        text(image[updated]),
      ]),
    )
}

function text(value: unknown): string {
  return value === null || value === undefined ? '-' : String(value)
}

function amount(value: unknown, unit: string): string {
  return typeof value === 'number' ? `${value} ${unit}` : '-'
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

function size(value: unknown): string {
  if (typeof value !== 'number') return '-'
  const power = Math.min(Math.floor(Math.log2(Math.max(value, 1)) / 10), UNITS.length - 1)
  const scaled = value / 1024 ** power
  return `${power === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${UNITS[power]}`
}
