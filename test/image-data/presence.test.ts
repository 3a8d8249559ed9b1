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

test('one process at a time has its turn, and a failure ends its turn', async () => {
  using one = new ProcessPresence(folder)
  using two = new ProcessPresence(folder)
  const order: string[] = []
  let other: Promise<unknown> = Promise.resolve()
  await one.exclusively(() => {
    order.push('one begins')
    other = two.exclusively(() => order.push('two'))
    order.push('one ends')
  })
  await other
  await assert.rejects(
    one.exclusively(() => {
      throw new Error('no')
    }),
    /no/,
  )
  assert.equal(await two.exclusively(() => 'its turn'), 'its turn')
  assert.deepEqual(order, ['one begins', 'one ends', 'two'])
})

test('a process that was killed in its turn lets the others go on', async () => {
  using here = new ProcessPresence(folder)
  const module = new URL('../../src/database/presence.ts', import.meta.url).href
  const script = `
    import { writeSync } from 'node:fs'
    import { ProcessPresence } from ${JSON.stringify(module)}
    const presence = new ProcessPresence(${JSON.stringify(folder)})
    await presence.exclusively(() => {
      writeSync(1, 'its turn')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  let isMine = false
  const turn = here.exclusively(() => {
    isMine = true
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok(!isMine)
  child.kill('SIGKILL')
  await turn
  assert.ok(isMine)
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
