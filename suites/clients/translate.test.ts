import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { randomFrom } from '../../src/cli/compare/random-requests.ts'
import { installDebian } from './install.ts'
import { signInVariables } from './run-client.ts'
import { type Afterimage, startAfterimage } from './start-afterimage.ts'
import { picker, randomDocuments, randomQuery } from './translate/random-lists.ts'
import {
  type Environment,
  RUNNERS,
  runCurl,
  runGo,
  runOpenstack,
  runPython,
} from './translate/run-translations.ts'

/**
 * `afterimage translate` over random lists: what each translation finds when it is really run,
 * beside what the Compute API finds.
 */

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const DOCUMENTS = 150
const LISTS = Number(process.env['LISTS'] ?? 60)
/** The command takes over a second to start. */
const COMMANDS = Number(process.env['COMMANDS'] ?? 25)

interface Translated {
  readonly text: string | null
  readonly missing: readonly string[]
}

interface Asked {
  readonly query: string
  /** What the Compute API lists. */
  readonly ids: readonly string[]
  readonly isWhole: boolean
  readonly translations: Readonly<Record<string, Translated>>
}

let afterimage: Afterimage
let environment: Environment
let asked: readonly Asked[]

before(async () => {
  afterimage = await startAfterimage()
  const pick = picker(randomFrom(SEED))
  const documents = randomDocuments(DOCUMENTS, afterimage.projects.demo, pick)
  await importDocuments(documents)
  const token = (await afterimage.command('token')).trim()
  environment = {
    ...signInVariables(afterimage),
    TOKEN: token,
    IMAGE_ENDPOINT: afterimage.urls.image,
  }
  const ids = documents.map(({ id }) => id)
  const queries = Array.from({ length: LISTS }, () => randomQuery(ids, pick))
  const translations = await translateAll(queries)
  asked = await Promise.all(
    queries.map(async (query, n) => ({
      query,
      ids: await computeList(query, token),
      isWhole: !new URLSearchParams(query).has('limit'),
      translations: translations[n] ?? {},
    })),
  )
})
after(() => afterimage[Symbol.asyncDispose]())

async function importDocuments(documents: readonly object[]): Promise<void> {
  const file = join(tmpdir(), `afterimage-translate-${process.pid}.json`)
  await writeFile(file, JSON.stringify(documents))
  await afterimage.command('import', file)
  await rm(file)
}

async function computeList(query: string, token: string): Promise<string[]> {
  const url = `${afterimage.urls.compute}/v2.1/images/detail?${query}`
  const answer = await fetch(url, { headers: { 'X-Auth-Token': token } })
  assert.equal(answer.status, 200, query)
  const { images } = (await answer.json()) as { images: { id: string }[] }
  return images.map(({ id }) => id)
}

async function translateAll(queries: readonly string[]): Promise<Asked['translations'][]> {
  return await Promise.all(
    queries.map(async (query) => {
      const output = await afterimage.run('translate', `?${query}&page_size=1`, '--json')
      return JSON.parse(output).requests[0].translations
    }),
  )
}

/** The same images, or, where something has no equivalent, at least those. */
function assertFinds({ query, ids }: Asked, translated: Translated, found: readonly string[]) {
  const said = `SEED=${SEED} ${query}\n${translated.text}`
  if (translated.missing.length === 0) {
    assert.ok(isDeepStrictEqual(found, ids), `${said}\nfound ${found}\nnot   ${ids}`)
    return
  }
  const missed = ids.filter((id) => !found.includes(id))
  assert.deepEqual(missed, [], said)
}

/** The lists that a tool can be asked for, with its text. */
function askable(tool: string): readonly (Asked & { readonly of: Translated; text: string })[] {
  return asked.flatMap((list) => {
    const of = list.translations[tool]
    return of?.text == null ? [] : [{ ...list, of, text: of.text }]
  })
}

function tell(lists: readonly { readonly of: Translated; readonly ids: readonly string[] }[]) {
  const whole = lists.filter(({ of }) => of.missing.length === 0).length
  const some = lists.filter(({ ids }) => ids.length > 0).length
  assert.ok(whole > 0 && some > 0, 'nothing was compared')
  return `SEED=${SEED}: ${lists.length} lists asked, ${whole} with nothing missing, ${some} that find images`
}

it('curl finds the same images', async (t) => {
  const lists = askable('curl')
  for (const list of lists) {
    const goOn = ({ next }: { next?: string }) =>
      list.isWhole && next !== undefined ? `$IMAGE_ENDPOINT${next}` : undefined
    assertFinds(list, list.of, await runCurl(list.text, environment, goOn))
  }
  t.diagnostic(tell(lists))
})

it("the vendor's query finds the same images", async (t) => {
  const lists = askable('ims')
  for (const list of lists) {
    const [, base = ''] = /"(\$IMAGE_ENDPOINT[^"]*)"/.exec(list.text) ?? []
    const goOn = ({ images }: { images: readonly { id: string }[] }) => {
      const last = images.at(-1)
      if (!list.isWhole || last === undefined) return undefined
      const [path, query] = base.split('?')
      const parameters = new URLSearchParams(query)
      parameters.set('marker', last.id)
      return `${path}?${parameters}`
    }
    assertFinds(list, list.of, await runCurl(list.text, environment, goOn))
  }
  t.diagnostic(tell(lists))
})

it('openstacksdk finds the same images', async (t) => {
  await installDebian(['python3-openstacksdk', 'python3'])
  const lists = askable('openstacksdk')
  const found = await runPython(
    lists.map(({ text }) => text),
    environment,
  )
  assert.equal(found.length, lists.length)
  for (const [n, list] of lists.entries()) assertFinds(list, list.of, found[n] ?? [])
  t.diagnostic(tell(lists))
})

it('the openstack command finds the same images', async (t) => {
  await installDebian(['python3-openstackclient', 'python3'])
  const lists = askable('openstack').slice(0, COMMANDS)
  for (const list of lists) {
    const found = await runOpenstack(list.text, environment)
    const inOrder = list.ids.filter((id) => found.includes(id)) // it sorts them by name
    assertFinds(list, list.of, found.length === inOrder.length ? inOrder : found)
  }
  t.diagnostic(tell(lists))
})

it('gophercloud compiles and finds the same images', async (t) => {
  await installDebian(['golang-github-gophercloud-gophercloud-dev', 'golang-go'])
  const lists = askable('gophercloud')
  const found = await runGo(
    lists.map(({ text }) => text),
    environment,
  )
  assert.equal(found.length, lists.length)
  for (const [n, list] of lists.entries()) assertFinds(list, list.of, found[n] ?? [])
  t.diagnostic(tell(lists))
})

/** Each tool's way through the life of one image's metadata, and its end. */
for (const tool of ['curl', 'openstack', 'openstacksdk', 'gophercloud'] as const) {
  it(`${tool} changes metadata and deletes an image`, async () => {
    const { demo } = afterimage.projects
    const [document] = randomDocuments(1, demo, picker(randomFrom(SEED)))
    assert.ok(document !== undefined)
    await importDocuments([{ ...document, visibility: 'private', colour: 'red' }])
    const image = `/v2.1/images/${document.id}`
    const run = async (request: string) => {
      const output = await afterimage.run('translate', request, '--json', '--tool', tool)
      const text = JSON.parse(output).requests[0].translations[tool].text
      assert.equal(typeof text, 'string')
      await RUNNERS[tool](text, environment)
    }
    const look = async (path: string) => {
      const url = `${afterimage.urls.compute}${image}${path}`
      return await fetch(url, { headers: { 'X-Auth-Token': environment['TOKEN'] ?? '' } })
    }
    const colour = async () => ((await (await look('/metadata')).json()) as Metadata).metadata
    await run(`GET ${image}`)
    await run(`GET ${image}/metadata`)
    await run(`PUT ${image}/metadata/colour`)
    assert.equal((await colour())['colour'], 'VALUE')
    await run(`POST ${image}/metadata`)
    assert.equal((await colour())['KEY'], 'VALUE')
    await run(`DELETE ${image}/metadata/colour`)
    assert.equal('colour' in (await colour()), false)
    await run(`DELETE ${image}`)
    assert.equal((await look('')).status, 404)
  })
}

interface Metadata {
  readonly metadata: Readonly<Record<string, unknown>>
}
