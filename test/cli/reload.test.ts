import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { pino } from 'pino'
import { Following } from '../../src/cli/reload.ts'
import { loadConfig } from '../../src/config/load.ts'
import { goodGlance, TOKEN } from '../cloud/stand.ts'
import { writeCertificate } from '../tls/make-certificate.ts'
import { fakeUpstream } from '../upstream/fake-upstream.ts'
import { runCommand } from './harness.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-reload-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const PASSWORD = 'correct horse'
const LOOK_EVERY_MS = 10
/** Only a hang takes so long. */
const HANG_MS = 20_000
const ANY_PORTS = ['--compute-port', '0', '--image-port', '0', '--identity-port', '0']

interface Line {
  readonly level: number
  readonly msg: string
}

/** `serve` in this process over a configuration file, with a hand on its SIGHUP. */
class Reloadable {
  readonly #file: string
  readonly #stop = new AbortController()
  readonly #ended: Promise<unknown>
  #hangUp: () => void = () => assert.fail('it does not listen to SIGHUP')
  readonly log: Line[] = []
  greeting = ''
  stderr = ''

  constructor(
    t: TestContext,
    name: string,
    settings: string,
    flags: readonly string[] = ANY_PORTS,
  ) {
    this.#file = join(dir, `${name}.yaml`)
    this.write(settings)
    const args = ['serve', '--data', name, '--config', this.#file, ...flags]
    this.#ended = runCommand(args, {
      cwd: dir,
      environment: { AFTERIMAGE_PASSWORD: PASSWORD },
      stop: this.#stop.signal,
      onHangUp: (act) => {
        this.#hangUp = act
      },
      onStdout: (text) => {
        this.greeting = text
      },
      onStderr: (text) => {
        this.stderr = text
        const whole = text
          .split('\n')
          .slice(0, -1)
          .filter((line) => line.startsWith('{'))
        this.log.splice(0, this.log.length, ...whole.map((line) => JSON.parse(line)))
      },
    })
    t.after(() => this.stop())
  }

  write(settings: string): void {
    writeFileSync(this.#file, settings)
  }

  async greeted(): Promise<this> {
    await this.#until(() => this.greeting.endsWith('\n\n'))
    return this
  }

  url(face: string): string {
    return new RegExp(`^ {2}${face} +(https?://[^/\\s]+)`, 'm').exec(this.greeting)?.[1] ?? ''
  }

  /** SIGHUP. @returns the line that says what came of it */
  async reload(settings?: string): Promise<Line> {
    if (settings !== undefined) this.write(settings)
    const seen = this.#said().length
    this.#hangUp()
    await this.#until(() => this.#said().length > seen)
    return this.#said()[seen] ?? assert.fail()
  }

  async #until(holds: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + HANG_MS
    while (!holds()) {
      assert.ok(performance.now() < deadlineMs, `it never came to that: ${this.stderr}`)
      await sleep(LOOK_EVERY_MS)
    }
  }

  #said(): readonly Line[] {
    return this.log.filter(({ msg }) => /^(reloaded|not reloaded|not before a restart)\b/.test(msg))
  }

  async signIn(): Promise<string> {
    const user = { name: 'demo', domain: { id: 'default' }, password: PASSWORD }
    const answer = await fetch(`${this.url('identity')}/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } } } }),
    })
    return answer.headers.get('x-subject-token') ?? assert.fail(await answer.text())
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#ended
  }
}

/** In front of a Glance that knows TOKEN. */
async function inFront(t: TestContext, name: string, flags: readonly string[] = []) {
  const glance = await fakeUpstream(t)
  glance.behave(goodGlance)
  const ports = ['--glance-url', glance.url, '--compute-port', '0']
  const served = await new Reloadable(t, name, '', [...ports, ...flags]).greeted()
  const list = () =>
    fetch(`${served.url('compute')}/v2.1/images`, { headers: { 'x-auth-token': TOKEN } })
  return { served, list }
}

describe('SIGHUP', () => {
  it('takes over limits, log and the end of the calls; answers that are kept tell of it at once', async (t) => {
    const served = await new Reloadable(t, 'one', 'ledger: {enabled: false}').greeted()
    const token = await served.signIn()
    const list = () =>
      fetch(`${served.url('compute')}/v2.1/images`, { headers: { 'x-auth-token': token } })
    for (let i = 0; i < 2; i += 1) assert.equal((await list()).headers.get('sunset'), null)
    const line = await served.reload(
      `ledger: {enabled: false}
deprecation: {sunsetAt: 2090-01-01T00:00:00Z}
limits: {projectRequestsPerMinute: 60, projectBurst: 5}
log: {level: warn}`,
    )
    assert.equal(
      line.msg,
      'reloaded: deprecation.sunsetAt, limits.projectRequestsPerMinute, limits.projectBurst, log.level',
    )
    const logged = served.log.length
    const told = await list()
    assert.equal(told.headers.get('sunset'), 'Sun, 01 Jan 2090 00:00:00 GMT')
    assert.match(told.headers.get('ratelimit-policy') ?? '', /^"project";q=5;/)
    const more = await served.reload('log: {level: info}\nledger: {enabled: false}')
    assert.match(more.msg, /^reloaded: deprecation\.sunsetAt, .*log\.level$/)
    assert.equal(served.log.length, logged + 1, 'requests were logged at warn')
    const free = await list()
    assert.deepEqual([free.headers.get('sunset'), free.headers.get('ratelimit')], [null, null])
    assert.equal((await served.reload()).msg, 'reloaded: nothing has changed')
  })

  it('refuses calls once a brownout is set, and serves them again without it', async (t) => {
    const { served, list } = await inFront(t, 'brownout')
    const status = async () => (await list()).status
    assert.equal(await status(), 200)
    await served.reload('deprecation: {brownouts: [daily 00:00-12:00 UTC, daily 12:00-24:00 UTC]}')
    assert.equal(await status(), 410)
    await served.reload('')
    assert.equal(await status(), 200)
    const said = served.log.filter(({ msg }) => msg.startsWith('the image calls are'))
    assert.deepEqual(
      said.map(({ msg }) => msg.slice(0, 'the image calls are refused'.length)),
      ['the image calls are refused', 'the image calls are served '],
    )
  })

  it('names what only a restart takes over, each time, and flags stay', async (t) => {
    const { served } = await inFront(t, 'two', ['--log-slow-ms', '7'])
    const settings = `host: 127.0.0.2
shutdown: {delayMs: 5}
log: {slowMs: 1, requests: false}`
    const first = await served.reload(settings)
    assert.equal(first.msg, 'reloaded: log.requests; not before a restart: host, shutdown.delayMs')
    assert.equal(first.level, 40)
    assert.equal((await served.reload()).msg, 'not before a restart: host, shutdown.delayMs')
  })

  it('takes nothing of a configuration that is wrong, and says why in one line', async (t) => {
    const { served, list } = await inFront(t, 'three')
    const { msg, level } = await served.reload(
      'deprecation: {sunsetAt: 2090-01-01T00:00:00Z}\nlimits: {projectBurst: 0}\nnonsense: 1',
    )
    assert.equal(level, 50)
    assert.match(
      msg,
      /^not reloaded, everything stays as it was: \S+three\.yaml:3: .*; \S+three\.yaml:2: limits\.projectBurst/,
    )
    assert.equal((await list()).headers.get('sunset'), null)
  })
})

describe('SIGHUP with certificates', () => {
  const place = (name: string) => join(dir, name)
  const old = writeCertificate(dir, 'old')
  const next = writeCertificate(dir, 'next')
  const settings = 'tls: {certFile: served.pem, keyFile: served.key}'

  async function servedName(url: string): Promise<string | undefined> {
    const { port, hostname: host } = new URL(url)
    const socket = connect({ port: Number(port), host, ca: [old.certificate, next.certificate] })
    await once(socket, 'secureConnect')
    const { subject } = socket.getPeerCertificate()
    socket.destroy()
    return String(subject.CN)
  }

  it('serves the new one, and keeps the old one while the new one cannot be served', async (t) => {
    copyFileSync(old.certFile, place('served.pem'))
    copyFileSync(old.keyFile, place('served.key'))
    const served = await new Reloadable(t, 'tls', settings).greeted()
    const faces = ['compute', 'image', 'identity']
    const names = () => Promise.all(faces.map((face) => servedName(served.url(face))))
    assert.deepEqual(await names(), ['old', 'old', 'old'])
    assert.equal((await served.reload()).msg, 'reloaded: nothing has changed')

    copyFileSync(next.certFile, place('served.pem'))
    const mismatch = await served.reload()
    assert.match(mismatch.msg, /^not reloaded, .*served\.key: is not the key of the certificate/)
    assert.deepEqual(await names(), ['old', 'old', 'old'])
    truncateSync(place('served.pem'), 200)
    assert.match((await served.reload()).msg, /^not reloaded, .*served\.pem: .*not whole$/)
    rmSync(place('served.pem'))
    assert.match((await served.reload()).msg, /^not reloaded, .*served\.pem: there is no such file/)
    assert.deepEqual(await names(), ['old', 'old', 'old'])

    copyFileSync(next.certFile, place('served.pem'))
    copyFileSync(next.keyFile, place('served.key'))
    const { msg } = await served.reload()
    assert.equal(msg, 'reloaded: the certificate of compute and image and identity')
    assert.deepEqual(await names(), ['next', 'next', 'next'])

    const own = `tls: {certFile: served.pem, keyFile: served.key}
image: {tls: {certFile: old.pem, keyFile: old.key}}`
    assert.equal((await served.reload(own)).msg, 'reloaded: the certificate of image')
    assert.deepEqual(await names(), ['next', 'old', 'next'])
    const without = await served.reload('')
    assert.equal(without.msg, 'not before a restart: tls.certFile, tls.keyFile')
    assert.deepEqual(await names(), ['next', 'old', 'next'])
  })
})

describe('a configuration that is followed', () => {
  it('says that a new password of the service user waits for a restart', async () => {
    const load = (password: string) =>
      loadConfig({
        flags: {
          'glance.url': 'http://glance',
          'keystone.url': 'http://keystone',
          'keystone.serviceUser': 'afterimage',
        },
        environment: { AFTERIMAGE_KEYSTONE_SERVICE_PASSWORD: password },
        cwd: dir,
      })
    const lines: string[] = []
    const logger = pino({}, { write: (line) => lines.push(JSON.parse(line).msg) })
    const following = new Following(
      load('old'),
      () => load('new'),
      logger,
      () => undefined,
    )
    await following.reload()
    assert.deepEqual(lines, ['not before a restart: the password of keystone.serviceUser'])
  })
})
