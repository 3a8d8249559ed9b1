import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { open, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BuiltCatalogue } from './catalogue.ts'
import { type Demand, judgeLeast, required } from './demands.ts'
import type { Form } from './options.ts'
import { type Product, serve } from './product.ts'
import { count, spread } from './report.ts'
import { ratioOf, type Spread, spreadOf } from './statistics.ts'
import { Table } from './table.ts'
import { OWNER } from './viewers.ts'
import { load } from './wrk.ts'

const run = promisify(execFile)

/** The part of the throughput of sha512sum and md5sum, run one after the other on the same file. */
const RATIO_MIN = 0.8
const PIECE_BYTES = 16 * 1024 * 1024
const MIB = 1024 * 1024
const LISTS = [25, 1000] as const

type Lane = 'cp' | 'sha512sum' | 'md5sum' | 'upload' | 'download'

export interface ImageDataFigures {
  /** MiB a second. */
  readonly lanes: Readonly<Record<Lane, Spread>>
  /** MiB a second: both digests of the file, one after the other. */
  readonly digests: Spread
  readonly uploadRatio: Spread
  readonly downloadRatio: Spread
  readonly lists: readonly {
    readonly limit: number
    readonly size: number
    readonly requestsPerSecond: Spread
    readonly bytesPerRequest: number
  }[]
}

/** Every round has each lane in turn, with the same file; the client is curl. */
export async function measureImageData(
  form: Form,
  built: readonly BuiltCatalogue[],
  folder: string,
): Promise<ImageDataFigures> {
  const [smallest] = built
  if (smallest === undefined) throw new Error('there is no catalogue to serve')
  const file = join(folder, 'image.raw')
  await writeNoise(file, form.imageBytes)
  const rates: Record<Lane, number[]> = {
    cp: [],
    sha512sum: [],
    md5sum: [],
    upload: [],
    download: [],
  }
  const { warmUps, counted } = form.demanded
  {
    await using product = await serve(smallest.data)
    const token = await product.signIn(OWNER.name)
    for (let round = 0; round < warmUps + counted; round += 1) {
      const seconds = await measureRound(product, token, file, folder)
      if (round < warmUps) continue
      for (const lane of Object.keys(rates) as Lane[]) {
        rates[lane].push(form.imageBytes / MIB / seconds[lane])
      }
    }
  }
  await rm(file)
  const digests = rates.sha512sum.map((sha512, i) => 1 / (1 / sha512 + 1 / (rates.md5sum[i] ?? 0)))
  const spreads = Object.entries(rates).map(([lane, values]) => [lane, spreadOf(values)] as const)
  return {
    lanes: Object.fromEntries(spreads) as Record<Lane, Spread>,
    digests: spreadOf(digests),
    uploadRatio: ratioOf(rates.upload, digests),
    downloadRatio: ratioOf(rates.download, digests),
    lists: await measureLists(form, built, folder),
  }
}

/** Bytes that no file system can compress. */
async function writeNoise(path: string, bytes: number): Promise<void> {
  await using file = await open(path, 'wx')
  for (let left = bytes; left > 0; left -= PIECE_BYTES) {
    await file.write(randomBytes(Math.min(PIECE_BYTES, left)))
  }
}

async function measureRound(
  { imageUrl }: Product,
  token: string,
  file: string,
  folder: string,
): Promise<Record<Lane, number>> {
  const copy = join(folder, 'copy.raw')
  const images = `${imageUrl}/v2/images`
  const headers = { 'x-auth-token': token, 'content-type': 'application/json' }
  const body = JSON.stringify({ name: 'bench', disk_format: 'raw', container_format: 'bare' })
  const created = await fetch(images, { method: 'POST', headers, body })
  const { id } = (await created.json()) as { id: string }
  const curl = ['-sSf', '-H', `X-Auth-Token: ${token}`, '-H', 'Expect:']
  const octets = ['-H', 'Content-Type: application/octet-stream']
  const data = `${images}/${id}/file`
  const seconds = {
    cp: await timed('cp', [file, copy]),
    sha512sum: await timed('sha512sum', [file]),
    md5sum: await timed('md5sum', [file]),
    upload: await timed('curl', [...curl, ...octets, '-T', file, data]),
    download: await timed('curl', [...curl, '-o', '/dev/null', data]),
  }
  await rm(copy)
  await fetch(`${images}/${id}`, { method: 'DELETE', headers })
  return seconds
}

/** @throws when curl, the client that sends and fetches, is not there */
export async function checkCurl(): Promise<void> {
  await run('curl', ['--version']).catch(() => {
    throw new Error('curl is not installed: on Debian and Ubuntu, "apt-get install curl"')
  })
}

async function timed(command: string, args: readonly string[]): Promise<number> {
  const begunMs = performance.now()
  await run(command, args)
  return (performance.now() - begunMs) / 1000
}

async function measureLists(form: Form, built: readonly BuiltCatalogue[], folder: string) {
  const lists = []
  for (const { size, data } of built) {
    await using product = await serve(data)
    const token = await product.signIn(OWNER.name)
    for (const limit of LISTS) {
      const pathsFile = join(folder, 'lists.paths')
      await writeFile(pathsFile, `/v2/images?limit=${limit}\n`)
      const asked = { url: product.imageUrl, token, pathsFile, round: undefined }
      const rounds = []
      for (let round = 0; round <= form.demanded.counted; round += 1) {
        rounds.push(await load({ ...asked, seconds: form.roundSeconds }))
      }
      const counted = rounds.slice(1) // after one to warm up
      lists.push({
        limit,
        size,
        requestsPerSecond: spreadOf(counted.map((one) => one.requestsPerSecond)),
        bytesPerRequest: spreadOf(counted.map((one) => one.bytesPerRequest)).median,
      })
    }
  }
  return lists
}

const DATA_TABLE = new Table([
  ['', 42, 'left'],
  ['MiB/s', 22, 'right'],
  ['ratio', 18, 'right'],
])
const LISTS_TABLE = new Table([
  ['/v2/images?', 12, 'left'],
  ['images', 9, 'right'],
  ['KiB', 7, 'right'],
  ['requests/s', 22, 'right'],
])

export function imageDataSection(form: Form, figures: ImageDataFigures): string {
  const { lanes, digests, uploadRatio, downloadRatio, lists } = figures
  const ratio = (value: Spread) => spread(value, 2)
  const rows = [
    DATA_TABLE.row(['`cp`', spread(lanes.cp, 0), '']),
    DATA_TABLE.row(['`sha512sum`', spread(lanes.sha512sum, 0), '']),
    DATA_TABLE.row(['`md5sum`', spread(lanes.md5sum, 0), '']),
    DATA_TABLE.row(['`sha512sum`, then `md5sum`', spread(digests, 0), '1.00']),
    DATA_TABLE.row(['upload', spread(lanes.upload, 0), ratio(uploadRatio)]),
    DATA_TABLE.row(['download', spread(lanes.download, 0), ratio(downloadRatio)]),
  ]
  const listRows = lists.map(({ limit, size, bytesPerRequest, requestsPerSecond }) =>
    LISTS_TABLE.row([
      `limit=${limit}`,
      count(size),
      (bytesPerRequest / 1024).toFixed(1),
      spread(requestsPerSecond, 0),
    ]),
  )
  return `
## Image data

A file of ${count(form.imageBytes / MIB)} MiB, copied, digested, sent to the Image API and fetched from it by \`curl\`, in turn, round by round. An
upload is received, digested twice, written and made durable before it is answered; \`cp\` makes nothing durable.

${DATA_TABLE.head()}${rows.join('')}
Lists of the Image API, the same query again and again:

${LISTS_TABLE.head()}${listRows.join('')}`
}

/** Both ways at least a good part of what the digests alone allow. */
export function judgeImageData(
  { uploadRatio, downloadRatio }: ImageDataFigures,
  form: Form,
): readonly Demand[] {
  const min = required({ atLeast: RATIO_MIN }, form)
  return [['upload', uploadRatio] as const, ['download', downloadRatio] as const].map(
    ([what, { median }]) =>
      judgeLeast(
        `${what} of image data: at least ${min} of \`sha512sum\` and then \`md5sum\``,
        median,
        min,
      ),
  )
}
