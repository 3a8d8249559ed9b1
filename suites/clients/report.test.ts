import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { inflateSync } from 'node:zlib'
import { installDebian } from './install.ts'
import { startAfterimage } from './start-afterimage.ts'

/** `afterimage report`, made of real calls, in a real browser. */

const run = promisify(execFile)
const TIMEOUT_MS = 60_000
/** A call is in the ledger within a second. */
const VISIBLE_MS = 1000
const QUIET = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]
/** Hosts that Chromium contacts at each start, whatever page it shows. */
const BROWSERS_OWN = /^https?:\/\/[a-z0-9.]+\.(?:google|googleapis|gvt1)\.com\//
/** Chromium's own name for a reader who prefers dark pages. */
const DARK = '--blink-settings=preferredColorScheme=0'

it('the report shows who called in a browser, light and dark, without asking anybody', async (t) => {
  t.diagnostic(`tested: ${await installDebian(['chromium'])}`)
  const folder = await mkdtemp(join(tmpdir(), 'afterimage-report-'))
  try {
    await using afterimage = await startAfterimage()
    const token = (await afterimage.command('token')).trim()
    const headers = { 'X-Auth-Token': token, 'User-Agent': 'gophercloud/1.14.1' }
    for (const query of ['?minRam=512', '?status=ACTIVE', '']) {
      const url = `${afterimage.urls.compute}/v2.1/images/detail${query}`
      assert.equal((await fetch(url, { headers })).status, 200)
    }
    await sleep(VISIBLE_MS)
    const page = join(folder, 'report.html')
    await afterimage.command('report', '--output', page)

    const log = join(folder, 'net.json')
    const dom = await browse(folder, [`--log-net-log=${log}`, '--dump-dom', `file://${page}`])
    assert.match(dom, /<h1>Who still calls the Compute API's images<\/h1>/)
    assert.ok(dom.includes(afterimage.projects.demo))
    assert.match(dom, /gophercloud 1\.14\.1/)
    assert.match(dom, /<rect [^>]*><title>[0-9-]{10}: 3 calls<\/title><\/rect>/)
    assert.match(dom, /images\.List\(client, images\.ListOpts\{Status: "active"\}\)\.AllPages\(\)/)
    const asked = [...(await readFile(log, 'utf8')).matchAll(/"url":"((?:https?|wss?):[^"]*)"/g)]
    assert.deepEqual(
      asked.map(([, url]) => url).filter((url) => !BROWSERS_OWN.test(url ?? '')),
      [],
    )

    assert.deepEqual(await corner(folder, page, []), [255, 255, 255])
    const dark = await corner(folder, page, [DARK])
    assert.ok(
      dark.every((shade) => shade < 64),
      `dark is ${dark}`,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

async function browse(folder: string, args: readonly string[]): Promise<string> {
  const data = `--user-data-dir=${join(folder, 'browser')}`
  const { stdout } = await run('/usr/bin/chromium', [...QUIET, data, ...args], {
    timeout: TIMEOUT_MS,
    maxBuffer: 16 * 1024 * 1024,
  })
  return stdout
}

/** The colour of the page's first pixel, red, green, blue. */
async function corner(folder: string, page: string, flags: readonly string[]): Promise<number[]> {
  const picture = join(folder, 'page.png')
  await browse(folder, [...flags, `--screenshot=${picture}`, `file://${page}`])
  const png = await readFile(picture)
  const parts: Buffer[] = []
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const isData = png.toString('latin1', at + 4, at + 8) === 'IDAT'
    if (isData) parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  }
  // The first pixel of the first line has no neighbours, so no filter of PNG changes it.
  return [...inflateSync(Buffer.concat(parts)).subarray(1, 4)]
}
