import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ProcessPresence } from '../../src/database/presence.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'afterimage-presence-'))
})
after(() => rm(folder, { recursive: true }))

test('a process is alive to others until it is closed', () => {
  using one = new ProcessPresence(folder)
  const two = new ProcessPresence(folder)
  assert.ok(one.isAlive(two.name) && two.isAlive(one.name) && one.isAlive(one.name))
  assert.deepEqual([...one.names()].sort(), [one.name, two.name].sort())
  two.close()
  assert.ok(!one.isAlive(two.name))
  assert.deepEqual(one.names(), [one.name])
  assert.ok(!one.isAlive('nobody'))
})

test('a process that was killed is not alive', async () => {
  using here = new ProcessPresence(folder)
  const module = new URL('../../src/database/presence.ts', import.meta.url).href
  const script = `
    import { ProcessPresence } from ${JSON.stringify(module)}
    const presence = new ProcessPresence(${JSON.stringify(folder)})
    process.stdout.write(presence.name)
    setInterval(() => presence.name, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [name] = (await once(child.stdout, 'data')) as [Buffer]
  assert.ok(here.isAlive(name.toString()))
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.ok(!here.isAlive(name.toString()))
  assert.ok(here.names().includes(name.toString()))
  here.forget(name.toString())
  assert.ok(!here.names().includes(name.toString()))
})
