import { rmSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startBare } from './bare.ts'
import { type BuiltCatalogue, buildCatalogue } from './catalogue.ts'
import { type Demand, judgeExamined, judgeImport, judgeRow } from './demands.ts'
import { EQUALITY_FILTERS, SPREAD_FILTERS } from './filters.ts'
import { firstAnswerSection, judgeFirstAnswer, measureFirstAnswer } from './first-answer.ts'
import { checkCurl, imageDataSection, judgeImageData, measureImageData } from './image-data.ts'
import { type Figures, measureRow, type Served } from './measure.ts'
import { type Form, HELP, type Options, REPORT_FILE, readOptions } from './options.ts'
import { serve } from './product.ts'
import {
  demandsNote,
  demandsSection,
  examinedSection,
  importSection,
  introduction,
  loadSection,
} from './report.ts'
import { type Examined, examine } from './rows-examined.ts'
import { judgeSwitches, measureSwitches, switchesSection } from './switches.ts'
import { VIEWERS } from './viewers.ts'
import { judgeWholeList, measureWholeList, wholeListSection } from './whole-list.ts'
import { workersSectionOf } from './workers/section.ts'
import { ROWS } from './workload.ts'
import { judgeWriting, measureWriting, writingSection } from './writing.ts'
import { checkWrk } from './wrk.ts'

/** Of the first row, until V8 has compiled what all rows need. */
const FIRST_WARM_UPS = 5
const EXIT_DEMANDS_MISSED = 1
const EXIT_FAILED = 2

/** Prints each part of the report when it is measured, and keeps it. */
class Report {
  text = ''

  add(text: string): void {
    this.text += text
    process.stdout.write(text)
  }
}

function tell(progress: string): void {
  process.stderr.write(`bench: ${progress}\n`)
}

async function build(form: Form, folder: string, report: Report): Promise<BuiltCatalogue[]> {
  const built: BuiltCatalogue[] = []
  report.add(importSection.head())
  for (const size of form.sizes) {
    tell(`importing ${size} images`)
    const catalogue = await buildCatalogue(folder, size)
    report.add(importSection.row(catalogue))
    built.push(catalogue)
  }
  return built
}

async function countExamined(
  form: Form,
  built: readonly BuiltCatalogue[],
  report: Report,
): Promise<Examined[]> {
  const all: Examined[] = []
  report.add(examinedSection.head(form))
  for (const filter of [...EQUALITY_FILTERS, ...SPREAD_FILTERS]) {
    tell(`rows examined: ${filter.name}`)
    for (const viewer of VIEWERS) {
      const examined = await examine(filter, viewer, built)
      report.add(examinedSection.row(form, examined))
      all.push(...examined)
    }
  }
  return all
}

interface MeasuredRow {
  readonly request: string
  readonly viewer: string
  readonly mode: string
  readonly figures: readonly Figures[]
}

async function measureLoad(
  form: Form,
  built: readonly BuiltCatalogue[],
  folder: string,
  report: Report,
): Promise<{ rows: MeasuredRow[]; demands: Demand[] }> {
  await using stack = new AsyncDisposableStack()
  const bare = stack.use(await startBare())
  const served: Served[] = []
  for (const { size, data } of built) served.push({ size, product: stack.use(await serve(data)) })
  const rows: MeasuredRow[] = []
  const demands: Demand[] = []
  report.add(loadSection.head())
  for (const [i, row] of ROWS.entries()) {
    const { request, viewer, mode } = row
    tell(`row ${i + 1} of ${ROWS.length}: ${request}, ${viewer.name}, ${mode} query`)
    const rounds = i === 0 ? { ...form.demanded, warmUps: FIRST_WARM_UPS } : form.demanded
    const figures = await measureRow(row, served, bare, { ...form, demanded: rounds }, folder)
    report.add(loadSection.rows(row, figures))
    rows.push({ request, viewer: viewer.name, mode, figures })
    demands.push(...judgeRow(row, figures, form))
  }
  return { rows, demands }
}

/** What is measured of the largest catalogue alone. */
async function measureLargest(
  form: Form,
  built: readonly BuiltCatalogue[],
  folder: string,
  report: Report,
) {
  tell('the first answer')
  const firstAnswer = await measureFirstAnswer(built)
  report.add(firstAnswerSection(firstAnswer))
  tell('the whole list')
  const wholeList = await measureWholeList(built, folder)
  report.add(wholeListSection(wholeList))
  tell('while images are written') // last: the catalogue grows
  const writing = await measureWriting(form, built, folder)
  report.add(writingSection(writing))
  const demands = [
    ...judgeFirstAnswer(firstAnswer, form),
    ...judgeWholeList(wholeList, form),
    ...judgeWriting(writing, form),
  ]
  return { figures: { firstAnswer, wholeList, writing }, demands }
}

async function bench({ form, jsonFile }: Options, folder: string): Promise<boolean> {
  const report = new Report()
  await checkWrk()
  await checkCurl()
  report.add(introduction(form))
  const built = await build(form, folder, report)
  const examined = await countExamined(form, built, report)
  const { rows, demands } = await measureLoad(form, built, folder, report)
  demands.push(...judgeExamined(examined), ...judgeImport(built, form))
  const largest = await measureLargest(form, built, folder, report)
  demands.push(...largest.demands)
  tell('image data')
  const imageData = await measureImageData(form, built, folder)
  report.add(imageDataSection(form, imageData))
  demands.push(...judgeImageData(imageData, form))
  tell('what parts cost')
  const switches = await measureSwitches(form, built, folder)
  report.add(switchesSection(switches))
  demands.push(...judgeSwitches(switches))
  report.add(demandsSection(demands, demandsNote(form)))
  if (jsonFile !== undefined) {
    const catalogues = built.map(({ data: _, ...figures }) => figures)
    const all = {
      form,
      catalogues,
      examined,
      rows,
      ...largest.figures,
      imageData,
      switches,
      demands,
    }
    await writeFile(jsonFile, `${JSON.stringify(all, undefined, 2)}\n`)
  }
  if (form.name === 'full') {
    const file = fileURLToPath(new URL(`../${REPORT_FILE}`, import.meta.url))
    const workers = workersSectionOf(await readFile(file, 'utf8'))
    await writeFile(file, report.text + workers)
  }
  return demands.every(({ isMet }) => isMet)
}

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args)
    if (options === undefined) {
      process.stdout.write(HELP)
      return 0
    }
    const folder = await mkdtemp(join(tmpdir(), 'afterimage-bench-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    return (await bench(options, folder)) ? 0 : EXIT_DEMANDS_MISSED
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error))
    return EXIT_FAILED
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(EXIT_FAILED))
}
process.exitCode = await main(process.argv.slice(2))
