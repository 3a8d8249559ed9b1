import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { Chance } from '../fuzz/chance.ts'
import { type Answer, Caller } from './caller.ts'
import type { World } from './world.ts'

/** Who reads so slowly sees a cut only after all that was sent before it. */
export const SLOW = { bytesPerSecond: 20_000, forMs: 12_000 }
export const SLOW_READER = 'slow reader'
const LEAVE_WITHIN_MS = 80
const SCRAPE_EVERY_MS = 1000
const WRONG_TOKEN_PAUSE_MS = 20

/** A list is whole and not empty. */
function judgeList({ headers, body }: Answer): string | undefined {
  const text = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
  const { images } = JSON.parse(text.toString())
  return images.length > 0 ? undefined : 'an empty list'
}

/** Lists of the Compute API: plain, compressed, and with the ETag of the last one. */
export async function listCompute(world: World, seed: number): Promise<void> {
  const chance = new Chance(seed)
  const caller = new Caller(world.tally)
  const etags = new Map<string, string>()
  while (world.isOn()) {
    const url = `${world.compute}/images/detail?limit=${chance.pick([25, 100, 1000])}`
    const token = chance.pick([world.reader, world.writer])
    const known = etags.get(url + token)
    const way = chance.pick(['plain', 'compressed', 'ETag'])
    const headers: Record<string, string> =
      way === 'compressed' ? { 'accept-encoding': 'gzip' } : {}
    if (way === 'ETag' && known !== undefined) headers['if-none-match'] = known
    const kind = `compute list, ${way}`
    const answer = await caller.ask({ kind, url, token, headers, judge: judgeList })
    const { etag } = answer.headers
    if (etag !== undefined && way !== 'compressed') etags.set(url + token, etag)
  }
  caller.close()
}

/** Lists of the Image API. */
export async function listImages(world: World, seed: number): Promise<void> {
  const chance = new Chance(seed)
  const caller = new Caller(world.tally)
  while (world.isOn()) {
    const url = `${world.images}?limit=${chance.pick([25, 100, 1000])}`
    const headers: Record<string, string> = chance.is(50) ? { 'accept-encoding': 'gzip' } : {}
    const token = world.reader
    await caller.ask({ kind: 'image list', url, token, headers, judge: judgeList })
  }
  caller.close()
}

/** Takes a long list so slowly that the server has to wait, then the rest of it. */
export async function readSlowly(world: World): Promise<void> {
  const caller = new Caller(world.tally)
  while (world.isOn()) {
    const url = `${world.compute}/images/detail`
    const ask = { kind: SLOW_READER, url, token: world.reader, judge: judgeList }
    await caller.ask({ ...ask, slow: SLOW })
    caller.close()
  }
}

/** Asks for long lists, and hangs up before they end. */
export async function leave(world: World, seed: number): Promise<void> {
  const chance = new Chance(seed)
  const caller = new Caller(world.tally)
  while (world.isOn()) {
    await caller.ask({
      kind: 'caller who leaves',
      url: `${world.compute}/images/detail`,
      token: world.reader,
      leaveAfterMs: chance.below(LEAVE_WITHIN_MS),
    })
  }
  caller.close()
}

export async function askWithWrongTokens(world: World, seed: number): Promise<void> {
  const chance = new Chance(seed)
  const caller = new Caller(world.tally)
  while (world.isOn()) {
    const url = chance.pick([world.images, `${world.compute}/images`])
    await caller.ask({ kind: 'wrong token', url, token: `gAAAAA-${chance.below(2 ** 31)}` })
    await sleep(WRONG_TOKEN_PAUSE_MS)
  }
  caller.close()
}

/** Reads the metrics of each worker. */
export async function scrape(world: World): Promise<void> {
  const caller = new Caller(world.tally)
  const judge = ({ body }: Answer) =>
    body.includes('process_start_time_seconds') ? undefined : 'no metrics'
  while (world.isOn()) {
    for (const url of world.metrics) {
      await caller.ask({ kind: 'metrics', url, judge })
      caller.close()
    }
    await sleep(SCRAPE_EVERY_MS)
  }
}
