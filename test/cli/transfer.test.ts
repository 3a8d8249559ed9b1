import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { runCommand, type Situation } from './harness.ts'

const root = mkdtempSync(join(tmpdir(), 'afterimage-carry-'))
after(() => rmSync(root, { recursive: true, force: true }))

/** A folder with a file of a few documents in it; commands run there. */
function folder() {
  const dir = mkdtempSync(join(root, 'at-'))
  writeFileSync(join(dir, 'images.json'), JSON.stringify(DOCUMENTS))
  return dir
}

const DOCUMENTS = [1, 2, 3].map((n) => ({
  id: `00000000-0000-4000-8000-00000000000${n}`,
  name: `image ${n}`,
  status: 'active',
  visibility: 'private',
  owner: 'p1',
  created_at: '2026-01-01T00:00:00Z',
}))

async function command(cwd: string, args: readonly string[], more: Partial<Situation> = {}) {
  process.chdir(cwd) // where the process is, is where files are looked for
  return runCommand(args, { cwd, ...more })
}

async function exported(cwd: string): Promise<{ id: string }[]> {
  const { code, stdout, stderr } = await command(cwd, ['export'])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}

describe('import', () => {
  it('stores what is in a file, and changes nothing the second time', async () => {
    const cwd = folder()
    const first = await command(cwd, ['import', 'images.json'])
    assert.equal(first.code, 0, first.stderr)
    assert.match(first.stdout, /^3 documents read: 3 new, 0 replaced, 0 unchanged, 0 bad; /)
    const again = await command(cwd, ['import', 'images.json', '--json'])
    const { created, unchanged, ended } = JSON.parse(again.stdout)
    assert.deepEqual({ created, unchanged, ended }, { created: 0, unchanged: 3, ended: 'complete' })
    assert.equal((await exported(cwd)).length, 3)
  })

  it('reads the standard input as -', async () => {
    const cwd = folder()
    const stdin = DOCUMENTS.map((doc) => JSON.stringify(doc)).join('\n')
    const { code, stdout } = await command(cwd, ['import', '-'], { stdin })
    assert.equal(code, 0)
    assert.match(stdout, /3 new/)
  })

  it('stops at a bad document with file and line, and stores nothing of its batch', async () => {
    const cwd = folder()
    const lines = [JSON.stringify(DOCUMENTS[0]), '{"id": "x"}', JSON.stringify(DOCUMENTS[1])]
    writeFileSync(join(cwd, 'bad.jsonl'), lines.join('\n'))
    const { code, stderr } = await command(cwd, ['import', 'bad.jsonl'])
    assert.equal(code, 1)
    assert.match(stderr, /^afterimage: bad\.jsonl:2: .*"id" must be a UUID/)
    assert.match(stderr, /\nafterimage: import stopped there, with 0 images stored; /)
  })

  it('goes on with --skip-bad, and still ends with exit code 1', async () => {
    const cwd = folder()
    const lines = [JSON.stringify(DOCUMENTS[0]), '{"id": "x"}', JSON.stringify(DOCUMENTS[1])]
    writeFileSync(join(cwd, 'bad.jsonl'), lines.join('\n'))
    const { code, stdout, stderr } = await command(cwd, ['import', '--skip-bad', 'bad.jsonl'])
    assert.equal(code, 1)
    assert.match(stdout, /^3 documents read: 2 new, .* 1 bad; /)
    assert.match(stderr, /bad\.jsonl:2: /)
    assert.match(stderr, /\nafterimage: 1 bad documents were left out\n$/)
    assert.equal((await exported(cwd)).length, 2)
  })

  it('says in one line per file what was left out', async () => {
    const cwd = folder()
    const locations = [{ url: 'file:///x', metadata: {} }]
    const docs = DOCUMENTS.map((doc, n) => ({ ...doc, locations, direct_url: n > 0 ? 'u' : null }))
    writeFileSync(join(cwd, 'a.json'), JSON.stringify(docs))
    const { code, stderr } = await command(cwd, ['import', 'a.json', 'images.json', 'a.json'])
    assert.equal(code, 0)
    assert.deepEqual(
      stderr.split('\n').filter((line) => line.includes('left out')),
      Array(2).fill('a.json: left out: locations (3 times), direct_url (2 times)'),
    )
  })

  it('says how many images have an owner without a project, and how to make the projects', async () => {
    const cwd = folder()
    const docs = DOCUMENTS.map((doc, n) => ({ ...doc, owner: ['p1', null, "it's \u001b; ls"][n] }))
    writeFileSync(join(cwd, 'images.json'), JSON.stringify(docs))
    const first = await command(cwd, ['import', 'images.json'])
    assert.equal(first.code, 0)
    assert.match(first.stderr, /^2 images belong to 2 projects that are not here\b/m)
    assert.match(first.stderr, /^ {2}afterimage project add NAME --id p1$/m)
    assert.match(first.stderr, /^ {2}afterimage project add NAME --id 'it'\\''s \\u001b; ls'$/m)
    await command(cwd, ['project', 'add', 'team', '--id', 'p1'])
    const { stderr, stdout } = await command(cwd, ['import', '--json', 'images.json'])
    assert.match(stderr, /^1 images belong to 1 projects/m)
    assert.doesNotMatch(stderr, /--id p1/)
    assert.deepEqual(JSON.parse(stdout).ownersWithoutProject, ["it's \u001b; ls"])
  })

  it('names a file that is not there', async () => {
    const { code, stderr } = await command(folder(), ['import', 'none.json'])
    assert.equal(code, 1)
    assert.match(stderr, /^afterimage: none\.json: /)
  })

  it('says so when it is interrupted', async () => {
    const cwd = folder()
    const { code, stderr } = await command(cwd, ['import', 'images.json'], {
      stop: AbortSignal.abort(),
    })
    assert.equal(code, 1)
    assert.match(stderr, /^afterimage: import was interrupted, with 0 images stored\n$/)
  })
})

describe('import --dry-run', () => {
  it('makes no data folder, and tells every fault of every bad document', async () => {
    const cwd = folder()
    const lines = ['{"id": "x"}', JSON.stringify(DOCUMENTS[0]), '{"id": "y", "min_ram": -1}']
    writeFileSync(join(cwd, 'bad.jsonl'), lines.join('\n'))
    const { code, stdout, stderr } = await command(cwd, ['import', '--dry-run', 'bad.jsonl'])
    assert.equal(code, 1)
    assert.match(stdout, /^nothing is stored; 3 documents read: 1 new, 0 replaced, .* 2 bad; /)
    assert.match(stderr, /bad\.jsonl:1: "id" must .*; "created_at" is missing\n/)
    assert.match(stderr, /bad\.jsonl:3: "id" must .*; "created_at" is missing; "min_ram" must be/)
    assert.deepEqual(readdirSync(cwd).sort(), ['bad.jsonl', 'images.json'])
  })

  it('counts what would be new, replaced and unchanged, and changes nothing', async () => {
    const cwd = folder()
    const [first, second, third] = DOCUMENTS
    writeFileSync(join(cwd, 'two.json'), JSON.stringify([first, second]))
    await command(cwd, ['import', 'two.json'])
    const before = await exported(cwd)
    const docs = [first, { ...second, name: 'changed' }, third, third, { ...third, name: 'last' }]
    writeFileSync(join(cwd, 'more.json'), JSON.stringify(docs))
    const dry = await command(cwd, ['import', '--dry-run', 'more.json'])
    assert.equal(dry.code, 0)
    assert.match(dry.stdout, /5 documents read: 1 new, 2 replaced, 2 unchanged, 0 bad; /)
    assert.deepEqual(await exported(cwd), before)
    const { stdout } = await command(cwd, ['import', 'more.json'])
    assert.match(stdout, /^5 documents read: 1 new, 2 replaced, 2 unchanged, 0 bad; /)
  })
})

describe('export', () => {
  it('writes a whole file that only its owner can read, and says so on stderr', async () => {
    const cwd = folder()
    await command(cwd, ['import', 'images.json'])
    const args = ['export', '--format', 'lines', '--gzip', '--output', 'out.gz']
    const { code, stdout, stderr } = await command(cwd, args)
    assert.deepEqual([code, stdout, stderr], [0, '', '3 images written to out.gz\n'])
    assert.equal(statSync(join(cwd, 'out.gz')).mode & 0o777, 0o600)
    const text = gunzipSync(readFileSync(join(cwd, 'out.gz'))).toString()
    assert.equal(text.trimEnd().split('\n').length, 3)
    assert.deepEqual(
      readdirSync(cwd).filter((name) => name.endsWith('.part')),
      [],
    )
  })

  it('leaves the file as it was, and nothing beside it, when it fails', async () => {
    const cwd = folder()
    await command(cwd, ['import', 'images.json'])
    writeFileSync(join(cwd, 'out.json'), 'before')
    const { code } = await command(cwd, ['export', '--output', 'out.json'], {
      stop: AbortSignal.abort(),
    })
    assert.equal(code, 1)
    assert.equal(readFileSync(join(cwd, 'out.json'), 'utf8'), 'before')
    assert.deepEqual(
      readdirSync(cwd).filter((name) => name.endsWith('.part')),
      [],
    )
  })

  it('refuses a folder without a catalogue, and makes none', async () => {
    const cwd = folder()
    const { code, stderr } = await command(cwd, ['export'])
    assert.equal(code, 1)
    assert.match(stderr, /there is no catalogue in .*afterimage-data/)
    assert.equal(readdirSync(cwd).includes('afterimage-data'), false)
  })

  it('can be imported elsewhere, and exported again byte for byte', async () => {
    const [here, there] = [folder(), folder()]
    await command(here, ['import', 'images.json'])
    const first = await command(here, ['export'])
    await command(there, ['import', '-'], { stdin: first.stdout })
    assert.equal((await command(there, ['export'])).stdout, first.stdout)
  })
})
