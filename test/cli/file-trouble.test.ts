import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runCommand } from './harness.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-cli-files-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const file = join(dir, 'file')
const images = join(dir, 'images.json')
writeFileSync(file, 'not a folder')
writeFileSync(images, '[]')
mkdirSync(join(dir, 'folder'))

/** The one line that a command which fails says. */
async function lineOf(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args, { cwd: dir })
  assert.notEqual(code, 0, args.join(' '))
  assert.equal(stdout, '')
  assert.match(stderr, /^afterimage: [^\n]+\n$/)
  return stderr
}

test('--data that names a file is told so, by every command that takes it', async () => {
  for (const command of [
    ['serve'],
    ['import', images],
    ['export'],
    ['user', 'list'],
    ['project', 'list'],
  ]) {
    const line = await lineOf(...command, '--data', file)
    assert.equal(
      line,
      `afterimage: ${file}: there is a file where a folder must be; name another path\n`,
    )
  }
})

test('a data folder below a file is not made, and says so', async () => {
  const line = await lineOf('serve', '--data', join(file, 'below'))
  assert.match(line, /\/file\/below: there is a file where a folder must be/)
})

test('"images" of a folder that was never served says how to serve it', async () => {
  for (const folder of [join(dir, 'folder'), join(dir, 'missing'), file]) {
    const line = await lineOf('images', '--data', folder)
    assert.equal(
      line,
      `afterimage: there is no clouds.yaml in ${folder}: start "afterimage serve" with this ` +
        'folder first, or give another with --data\n',
    )
  }
  assert.equal(existsSync(join(dir, 'missing')), false)
})

test('a configuration that cannot be read names its file and what to do', async () => {
  assert.match(
    await lineOf('serve', '--config', join(dir, 'missing.yaml')),
    /\/missing\.yaml: there is no such file or folder; correct the path/,
  )
  assert.match(
    await lineOf('serve', '--config', join(dir, 'folder')),
    /\/folder: it is a folder, not a file; name a file/,
  )
})

test('an output that cannot be written names its file, and leaves nothing beside it', async () => {
  const data = join(dir, 'data')
  const made = await runCommand(['import', '--data', data, images], { cwd: dir })
  assert.equal(made.code, 0, made.stderr)
  const output = join(dir, 'missing', 'out.json')
  assert.equal(
    await lineOf('export', '--data', data, '--output', output),
    `afterimage: ${output}: there is no such file or folder; correct the path, or make the folder first\n`,
  )
})
