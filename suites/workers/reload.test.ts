import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect, getCACertificates, setDefaultCACertificates } from 'node:tls'
import { goodGlance, goodKeystone, TOKEN } from '../../test/cloud/stand.ts'
import { writeCertificate } from '../../test/tls/make-certificate.ts'
import { fakeUpstream } from '../../test/upstream/fake-upstream.ts'
import { connections, Served } from '../../test/workers/served.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-reload-workers-'))
after(() => rmSync(dir, { recursive: true, force: true }))
const place = (name: string) => join(dir, name)

const old = writeCertificate(dir, 'old')
const next = writeCertificate(dir, 'next')
before(() => {
  setDefaultCACertificates([...getCACertificates('default'), old.certificate, next.certificate])
})

/** So many new connections that each of two workers has some. */
const CONNECTIONS = 6
const CERTIFICATE = 'tls: {certFile: served.pem, keyFile: served.key}\n'

function serveOld(): void {
  copyFileSync(old.certFile, place('served.pem'))
  copyFileSync(old.keyFile, place('served.key'))
}

/** Whose certificates new connections get. */
async function servedNames(url: string): Promise<ReadonlySet<unknown>> {
  const { port, hostname: host } = new URL(url)
  const names = Array.from({ length: CONNECTIONS }, async () => {
    const socket = connect({ port: Number(port), host })
    await once(socket, 'secureConnect')
    const { subject } = socket.getPeerCertificate()
    socket.destroy()
    return subject.CN
  })
  return new Set(await Promise.all(names))
}

describe('SIGHUP with several workers', () => {
  it('reaches all of them over TLS; those that are replaced start with what is in force', async () => {
    serveOld()
    const file = place('one.yaml')
    writeFileSync(file, CERTIFICATE)
    const flags = ['--workers', '2', '--config', file]
    await using served = await new Served(place('one'), flags).greeted()
    const token = await served.token()
    const url = `${served.url('compute')}/v2.1/images`
    const kept = connections(CONNECTIONS)
    const answers = (all = connections(CONNECTIONS)) =>
      Promise.all(all.map((connection) => connection.ask('GET', url, { token })))
    for (const { headers } of await answers(kept)) assert.equal(headers['sunset'], undefined)
    assert.deepEqual(await servedNames(url), new Set(['old']))

    copyFileSync(next.certFile, place('served.pem'))
    copyFileSync(next.keyFile, place('served.key'))
    writeFileSync(
      file,
      `${CERTIFICATE}deprecation: {sunsetAt: 2090-01-01T00:00:00Z}
limits: {projectRequestsPerMinute: 600}
compute: {serveAboveMicroversion: true}\n`,
    )
    served.kill('SIGHUP')
    const said =
      'reloaded: deprecation.sunsetAt, limits.projectRequestsPerMinute, ' +
      'the certificate of compute and image and identity; not before a restart: compute.serveAboveMicroversion'
    await served.until(() => served.log().some(({ msg }) => msg === said))
    assert.deepEqual(await servedNames(url), new Set(['next']))
    for (const { status, headers } of [...(await answers()), ...(await answers(kept))]) {
      assert.equal(status, 200)
      assert.equal(headers['sunset'], 'Sun, 01 Jan 2090 00:00:00 GMT')
      assert.match(String(headers['ratelimit-policy']), /^"project";q=100;/)
    }

    // A certificate that cannot be served reaches no worker, not even one that starts after it.
    copyFileSync(old.keyFile, place('served.key'))
    served.kill('SIGHUP')
    await served.until(() =>
      served.log().some(({ msg }) => /^not reloaded, .*served\.key/.test(msg)),
    )
    const [first = 0] = served.workers()
    process.kill(first, 'SIGKILL')
    await served.until(() => served.workers().length === 3)
    assert.deepEqual(await servedNames(url), new Set(['next']))
    for (const { headers } of await answers()) assert.ok(headers['sunset'])
    for (const connection of kept) connection.close()
  })

  it('reaches all of them in front of a Glance, and one sent to a worker does nothing', async (t) => {
    const glance = await fakeUpstream(t)
    glance.behave(goodGlance)
    const keystone = await fakeUpstream(t)
    keystone.behave(goodKeystone)
    serveOld()
    const file = place('two.yaml')
    writeFileSync(file, CERTIFICATE)
    const flags = ['--workers', '2', '--config', file, '--keystone-url', keystone.url]
    const ports = ['--glance-url', glance.url, '--compute-port', '0']
    await using served = await new Served(place('two'), flags, ports).greeted()
    for (const worker of served.workers()) process.kill(worker, 'SIGHUP')
    const url = `${served.url('compute')}/v2.1/images`
    writeFileSync(file, `${CERTIFICATE}deprecation: {sunsetAt: 2090-01-01T00:00:00Z}\n`)
    served.kill('SIGHUP')
    await served.until(() =>
      served.log().some(({ msg }) => msg === 'reloaded: deprecation.sunsetAt'),
    )
    for (const connection of connections(CONNECTIONS)) {
      const { status, headers } = await connection.ask('GET', url, { token: TOKEN })
      assert.deepEqual([status, headers['sunset']], [200, 'Sun, 01 Jan 2090 00:00:00 GMT'])
      connection.close()
    }
    assert.equal(served.workers().length, 2)
  })
})
