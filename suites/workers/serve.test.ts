import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { OPTIONS } from '../../src/config/options.ts'
import { FREE_FAILURES_PER_PAIR } from '../../src/identity/local/guess-limiter.ts'
import {
  beginUpload,
  Connection,
  connections,
  type HalfUpload,
  Served,
} from '../../test/workers/served.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-workers-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const WORKERS = 2
const CONNECTIONS = 8
const UPLOADS_PER_CALLER = Number(OPTIONS['limits.uploadsPerCaller'].default[0])
/** Two ports in a row, below those that systems give out. */
const METRICS_PORT = 20_000 + 2 * (process.pid % 5000)

describe('serve --workers 2', () => {
  let served: Served
  let token: string
  before(async () => {
    const flags = ['--workers', '2', '--example', '--metrics-port', String(METRICS_PORT)]
    served = await new Served(join(dir, 'shared'), flags).greeted()
    token = await served.token()
  })
  after(async () => served[Symbol.asyncDispose]())

  /** Connections to the image port, of which each worker has some. */
  async function spread(): Promise<readonly Connection[]> {
    const all = connections(CONNECTIONS)
    for (const connection of all) await connection.ask('GET', `${served.url('image')}/healthcheck`)
    return all
  }

  const images = () => `${served.url('image')}/v2/images`

  it('greets once, when all workers serve, and does the work of a first start once', async () => {
    assert.equal(served.stdout.match(/Afterimage serves/g)?.length, 1)
    assert.equal(served.workers().length, WORKERS)
    assert.ok(!served.workers().includes(served.pid))
    const said = Number(/begins with (\d+) example images/.exec(served.stdout)?.[1])
    const listed = await new Connection().ask('GET', `${images()}?limit=100`, { token })
    const owned = JSON.parse(listed.body).images.length
    assert.ok(owned > 0 && owned <= said, `${owned} of ${said}`)
  })

  it('prints the metrics of each worker at a port of its own', async () => {
    const urls = [METRICS_PORT, METRICS_PORT + 1].map((port) => `http://127.0.0.1:${port}/metrics`)
    assert.ok(served.stdout.includes(`  metrics   ${urls.join(', ')}\n`), served.stdout)
    const pages = await Promise.all(urls.map((url) => new Connection().ask('GET', url)))
    const starts = pages.map(({ body }) => /^process_start_time_seconds (\S+)$/m.exec(body)?.[1])
    assert.ok(starts[0] !== undefined && starts[1] !== undefined)
    assert.notEqual(starts[0], starts[1], 'one worker answered at both ports')
  })

  it('has every worker answer: while one is stopped, some requests wait and some do not', async () => {
    const [stopped = 0] = served.workers()
    const asked = () => new Connection().ask('GET', `${served.url('compute')}/healthcheck`)
    process.kill(stopped, 'SIGSTOP')
    let answered = 0
    const all = Array.from({ length: 6 }, async () => {
      assert.equal((await asked()).status, 200)
      answered += 1
    })
    await served.until(() => answered >= 5)
    assert.equal(answered, 5, 'the stopped worker got no connection')
    process.kill(stopped, 'SIGCONT')
    await Promise.all(all)
  })

  it('shows each acknowledged write at once on every connection', async () => {
    const all = await spread()
    for (let round = 0; round < 40; round += 1) {
      const name = `written in round ${round}`
      const body = JSON.stringify({ name })
      const writer = all[round % CONNECTIONS] ?? assert.fail()
      const { status } = await writer.ask('POST', images(), { token, body })
      assert.equal(status, 201)
      const lists = await Promise.all(
        all.map((connection) => connection.ask('GET', `${images()}?limit=100`, { token })),
      )
      const computes = await Promise.all(
        connections(3).map((connection) =>
          connection.ask('GET', `${served.url('compute')}/v2.1/images`, { token }),
        ),
      )
      for (const list of [...lists, ...computes]) {
        const names = JSON.parse(list.body).images.map((image: { name: string }) => image.name)
        assert.ok(names.includes(name), `${name} is missing`)
      }
    }
  })

  it('refuses a revoked token at once on every connection', async () => {
    const all = await spread()
    for (const revoker of connections(4)) {
      const doomed = await served.token()
      const ask = (connection: Connection) =>
        connection.ask('GET', `${images()}?limit=1`, { token: doomed })
      const before = await Promise.all(all.map(ask))
      assert.deepEqual(new Set(before.map(({ status }) => status)), new Set([200]))
      const revoked = await revoker.ask('DELETE', `${served.url('identity')}/v3/auth/tokens`, {
        token: doomed,
        subject: doomed,
      })
      assert.equal(revoked.status, 204)
      const after = await Promise.all(all.map(ask))
      assert.deepEqual(new Set(after.map(({ status }) => status)), new Set([401]))
    }
  })

  it('counts wrong passwords of all workers together', async () => {
    let wrong = 0
    for (;;) {
      const { status } = await served.signIn('demo', 'a guess', 'demo')
      if (status === 429) break
      assert.equal(status, 401)
      wrong += 1
    }
    // Each worker alone would allow as many; some may come late, after a wait has ended already.
    assert.ok(
      wrong > FREE_FAILURES_PER_PAIR && wrong <= WORKERS * FREE_FAILURES_PER_PAIR,
      `${wrong}`,
    )
  })

  it('lets one of two uploads of an image win, whichever workers have them', async () => {
    const all = await spread()
    const format = { disk_format: 'raw', container_format: 'bare' }
    for (let round = 0; round < 8; round += 1) {
      const made = await new Connection().ask('POST', images(), {
        token,
        body: JSON.stringify({ name: 'contested', ...format }),
      })
      const { id } = JSON.parse(made.body)
      const put = (connection: Connection) =>
        connection.ask('PUT', `${images()}/${id}/file`, {
          token,
          body: `bytes ${round}`,
          type: 'application/octet-stream',
        })
      const outcomes = await Promise.all(all.map(put))
      const won = outcomes.filter(({ status }) => status === 204)
      const lost = outcomes.filter(({ status }) => status === 409)
      assert.deepEqual([won.length, lost.length], [1, CONNECTIONS - 1])
    }
  })

  it('replaces a worker that is killed, and loses its requests alone', async () => {
    const before = served.workers()
    const [killed = 0] = before
    const { ids, uploads } = await halfUploads(served, token)
    process.kill(killed, 'SIGKILL')
    await served.until(() => served.workers().length > before.length)
    assert.ok(served.log().some(({ msg, worker }) => worker === killed && /SIGKILL/.test(msg)))
    const outcomes = await Promise.all(uploads.map((upload) => upload.finish()))
    assert.deepEqual(new Set(outcomes), new Set([204, 'lost']))
    for (const [i, outcome] of outcomes.entries()) {
      const expected = outcome === 204 ? 'active' : 'queued'
      await served.until(async () => (await statusOf(served, token, ids[i])) === expected)
    }
    const all = await spread()
    const asked = all.map((connection) => connection.ask('GET', `${images()}?limit=1`, { token }))
    for (const { status } of await Promise.all(asked)) assert.equal(status, 200)
  })

  it('counts the uploads of a caller at all workers, and lets one that has to stop finish its own', async () => {
    const before = served.workers()
    const [stopped = 0] = before.slice(-WORKERS)
    const { uploads } = await halfUploads(served, token, UPLOADS_PER_CALLER)
    for (const connection of await spread()) {
      const url = `${images()}/${randomUUID()}/file`
      const type = 'application/octet-stream'
      const { status, body } = await connection.ask('PUT', url, { token, body: 'bytes', type })
      assert.equal(status, 429, body)
    }
    process.kill(stopped, 'SIGTERM')
    const outcomes = await Promise.all(uploads.map((upload) => upload.finish()))
    assert.deepEqual(outcomes, Array(UPLOADS_PER_CALLER).fill(204))
    await served.until(() => served.workers().length > before.length)
    assert.ok(served.log().some(({ msg, worker }) => worker === stopped && /with 0/.test(msg)))
  })

  it('is there again at the same ports when all workers were killed', async () => {
    const before = served.workers()
    for (const worker of before.slice(-WORKERS)) process.kill(worker, 'SIGKILL')
    await served.until(() => served.workers().length >= before.length + WORKERS)
    for (const face of ['compute', 'image', 'identity'] as const) {
      const answer = await new Connection().ask('GET', `${served.url(face)}/healthcheck`)
      assert.equal(answer.status, 200)
    }
  })

  it('ends with the process that started the workers, however that one ends', async () => {
    served.kill('SIGKILL')
    assert.deepEqual(await served.ended, [null, 'SIGKILL'])
    while (served.workers().some(isAlive)) await sleep(10)
  })
})

/** Uploads under way, of which each worker has some: no other connections come between theirs. */
async function halfUploads(served: Served, token: string, count = CONNECTIONS) {
  const control = new Connection()
  const images = `${served.url('image')}/v2/images`
  const ids: string[] = []
  const uploads: HalfUpload[] = []
  for (let i = 0; i < count; i += 1) {
    const body = JSON.stringify({ name: 'half', disk_format: 'raw', container_format: 'bare' })
    const made = await control.ask('POST', images, { token, body })
    const { id } = JSON.parse(made.body)
    uploads.push(beginUpload(`${images}/${id}/file`, token))
    await served.until(async () => (await statusOf(served, token, id, control)) === 'saving')
    ids.push(id)
  }
  control.close()
  return { ids, uploads }
}

async function statusOf(
  served: Served,
  token: string,
  id = '',
  connection = new Connection(),
): Promise<string> {
  const url = `${served.url('image')}/v2/images/${id}`
  return JSON.parse((await connection.ask('GET', url, { token })).body).status
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('the end of serve --workers 2', () => {
  it('finishes the requests of all workers, and is with 0', async () => {
    await using served = await new Served(join(dir, 'drained'), ['--workers', '2']).greeted()
    const { uploads } = await halfUploads(served, await served.token())
    // As Ctrl+C does: to the whole group of processes.
    for (const pid of [...served.workers(), served.pid]) process.kill(pid, 'SIGINT')
    await served.until(() => served.stderr.includes('afterimage: stopping'))
    const outcomes = await Promise.all(uploads.map((upload) => upload.finish()))
    assert.deepEqual(outcomes, Array(CONNECTIONS).fill(204))
    assert.deepEqual(await served.ended, [0, null])
    assert.equal(served.stderr.match(/afterimage: stopping/g)?.length, 1)
  })

  it('is announced by every worker, and comes at once, with 1, at a second signal', async () => {
    const flags = ['--workers', '2', '--shutdown-delay-ms', '30000']
    await using served = await new Served(join(dir, 'twice'), flags).greeted()
    await halfUploads(served, await served.token())
    served.kill('SIGTERM')
    await served.until(() => served.stderr.includes('afterimage: stopping'))
    const statuses = (path: string) =>
      Promise.all(
        connections(CONNECTIONS).map(async (connection) => {
          return (await connection.ask('GET', `${served.url('image')}/${path}`)).status
        }),
      )
    await served.until(async () => (await statuses('readiness')).every((status) => status === 503))
    assert.deepEqual(await statuses('healthcheck'), Array(CONNECTIONS).fill(200))
    const again = setInterval(() => served.kill('SIGTERM'), 100)
    assert.deepEqual(await served.ended, [1, null])
    clearInterval(again)
    while (served.workers().some(isAlive)) await sleep(10)
  })
})

describe('the start of serve --workers', () => {
  it('says what one process would say when a port is in use, and ends with 1', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = String(typeof address === 'object' ? address?.port : undefined)
    const ports = ['--compute-port', '0', '--image-port', port, '--identity-port', '0']
    const served = new Served(join(dir, 'taken'), ['--workers', '2'], ports)
    assert.deepEqual(await served.ended, [1, null])
    other.close()
    assert.equal(served.stdout, '')
    assert.match(
      served.stderr,
      new RegExp(`^afterimage: port ${port} .* in use; .*--image-port`, 'm'),
    )
  })

  it('starts no other process with --workers 1', async () => {
    await using served = await new Served(join(dir, 'alone'), ['--workers', '1']).greeted()
    assert.deepEqual(served.workers(), [])
    while (served.log().length === 0) await sleep(20)
    assert.deepEqual(new Set(served.log().map(({ pid }) => pid)), new Set([served.pid]))
  })
})
