import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Cloud, startCloud } from '../../suites/openstack/cloud.ts'
import { openGlanceDatabase } from '../../suites/openstack/glance-database.ts'
import { startFront } from '../../suites/openstack/start-front.ts'
import type { Demand } from '../demands.ts'
import { demandsSection } from '../report.ts'
import { checkWrk } from '../wrk.ts'
import { DEMANDED_CONNECTIONS, judgeRow } from './demands.ts'
import { fillGlance } from './fill-glance.ts'
import type { Lane, LaneName } from './lanes.ts'
import { FIRST_WARM_UP_ROUNDS, measureRow, WARM_UP_ROUNDS } from './measure.ts'
import { type Form, HELP, REPORT_FILE, readForm } from './options.ts'
import { type Page, pagesOf } from './pages.ts'
import { introduction, printRow } from './report.ts'

const EXIT_DEMANDS_MISSED = 1
const EXIT_FAILED = 2
/** Of Keystone, Glance and Nova each. */
const WORKERS = 2
const MEMORY_MS = 1000
const MEMORY: LaneName = 'afterimage, 1 s memory'

function tell(progress: string): void {
  process.stderr.write(`bench: ${progress}\n`)
}

async function startLanes(cloud: Cloud, stack: AsyncDisposableStack): Promise<readonly Lane[]> {
  const flags = ['--glance-url', cloud.glanceUrl, '--keystone-url', cloud.keystoneUrl]
  const plain = stack.use(await startFront(flags))
  const remembering = stack.use(await startFront([...flags, '--cache-ttl-ms', `${MEMORY_MS}`]))
  const compute = {
    api: 'compute' as const,
    path: (query: string) => `/v2.1/${cloud.projects.demo}/images/detail?${query}`,
  }
  const image = { api: 'image' as const, path: (query: string) => `/v2/images?${query}` }
  return [
    { name: 'afterimage', url: plain.url, ...compute },
    { name: MEMORY, url: remembering.url, ...compute },
    { name: 'nova', url: cloud.novaUrl, ...compute },
    { name: 'glance', url: cloud.glanceUrl, ...image },
  ]
}

async function bench(form: Form, folder: string): Promise<boolean> {
  await checkWrk()
  process.env['CLOUD_WORKERS'] = String(WORKERS)
  tell('starting Keystone, Glance and Nova')
  await using stack = new AsyncDisposableStack()
  const cloud = stack.use(await startCloud())
  const database = stack.adopt(openGlanceDatabase(cloud), (opened) => {
    opened.empty()
    opened.close()
  })
  database.empty()
  const lanes = await startLanes(cloud, stack)
  const token = await cloud.token('demo', 'demo')
  let report = ''
  const add = (text: string) => {
    report += text
    process.stdout.write(text)
  }
  add(introduction(form, WORKERS, cloud.database === 'mariadb' ? 'MariaDB' : 'SQLite'))
  const demands: Demand[] = []
  const setting = { token, form, folder, newPages: { count: 0 } }
  let warmUps = FIRST_WARM_UP_ROUNDS
  for (const size of form.sizes) {
    const pages = pagesOf(fillGlance(database, size, cloud.projects.demo))
    const isDemanded = ({ ofGlanceMin }: Page) => ofGlanceMin !== undefined
    for (const page of pages.filter((one) => isDemanded(one) || !form.areDemandedPagesOnly)) {
      // A page that is new each time is in no memory.
      const of = { ...setting, lanes: lanes.filter(({ name }) => !page.isNew || name !== MEMORY) }
      for (const connections of page.isNew ? [DEMANDED_CONNECTIONS] : form.connections) {
        tell(`${page.name}, ${size} images, ${connections} connections`)
        const row = await measureRow(page, size, connections, of, warmUps)
        warmUps = WARM_UP_ROUNDS
        add(printRow(row))
        demands.push(...judgeRow(row, form.name))
      }
    }
  }
  add(demandsSection(demands))
  if (form.name === 'full') {
    await writeFile(fileURLToPath(new URL(`../../${REPORT_FILE}`, import.meta.url)), report)
  }
  return demands.every(({ isMet }) => isMet)
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const form = readForm(args)
    if (form === undefined) {
      process.stdout.write(HELP)
      return 0
    }
    const folder = await mkdtemp(join(tmpdir(), 'afterimage-bench-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    return (await bench(form, folder)) ? 0 : EXIT_DEMANDS_MISSED
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error))
    return EXIT_FAILED
  }
}

process.exitCode = await main(process.argv.slice(2))
