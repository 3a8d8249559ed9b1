import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type Flags, loadConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/config/settings.ts'
import { runCommand } from '../cli/harness.ts'
import { makeCertificate, writeCertificate } from '../tls/make-certificate.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-key-pair-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const one = writeCertificate(dir, 'one')
const other = writeCertificate(dir, 'other')
const DAY_MS = 86_400_000

function load(flags: Flags) {
  return loadConfig({ flags, environment: {}, cwd: dir })
}

function problemsOf(flags: Flags): readonly string[] {
  try {
    load(flags)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

/** A file of the folder that holds this. */
function file(name: string, text: string): string {
  writeFileSync(join(dir, name), text)
  return name
}

function problemsWith(certFile: string, keyFile: string): readonly string[] {
  return problemsOf({ 'tls.certFile': certFile, 'tls.keyFile': keyFile })
}

describe('tls.certFile and tls.keyFile', () => {
  it('are for all services, and each may have its own', () => {
    const shared: Flags = { 'tls.certFile': 'one.pem', 'tls.keyFile': 'one.key' }
    const own: Flags = { 'image.tls.certFile': 'other.pem', 'image.tls.keyFile': 'other.key' }
    const certificates = (flags: Flags) => {
      const { compute, image, identity } = load(flags).secrets.keyPairs
      return [compute, image, identity].map((pair) => pair?.certificates)
    }
    const [a, b] = [one.certificate, other.certificate]
    assert.deepEqual(certificates({}), [undefined, undefined, undefined])
    assert.deepEqual(certificates(shared), [a, a, a])
    assert.deepEqual(certificates(own), [undefined, b, undefined])
    assert.deepEqual(certificates({ ...shared, ...own }), [a, b, a])
  })

  it('go together', () => {
    assert.deepEqual(problemsOf({ 'tls.certFile': 'one.pem' }), [
      'tls.certFile (--tls-cert-file) needs its key: give --tls-key-file',
    ])
    assert.deepEqual(problemsOf({ 'identity.tls.keyFile': 'one.key' }), [
      'identity.tls.keyFile (--identity-tls-key-file) needs its certificate: give --identity-tls-cert-file',
    ])
  })

  it('are refused in front of a Glance for services that are not served there', () => {
    const flags: Flags = { 'glance.url': 'http://glance', 'image.tls.certFile': 'one.pem' }
    assert.match(problemsOf(flags)[0] ?? '', /^image\.tls\.certFile .* embedded catalogue/)
  })

  it('never show the key', () => {
    const { secrets } = load({ 'tls.certFile': 'one.pem', 'tls.keyFile': 'one.key' })
    assert.doesNotMatch(JSON.stringify(secrets), /PRIVATE KEY/)
  })
})

describe('a certificate that cannot be served', () => {
  const place = 'tls.certFile (--tls-cert-file)'
  const refused = (certFile: string, keyFile: string, problem: string) => {
    assert.deepEqual(problemsWith(certFile, keyFile), [`${place}: ${dir}/${problem}`])
  }

  it('is missing, or its key is', () => {
    const missing = 'there is no such file or folder; correct the path, or make the folder first'
    refused('gone.pem', 'one.key', `gone.pem: ${missing}`)
    refused('one.pem', 'gone.key', `gone.key: ${missing}`)
  })

  it('has the key of another one', () => {
    const problem = `other.key: is not the key of the certificate in ${dir}/one.pem`
    refused('one.pem', 'other.key', problem)
  })

  it('is no certificate, or half of one, or half of a chain', () => {
    const half = one.certificate.slice(0, one.certificate.length / 2)
    refused(file('empty.pem', ''), 'one.key', 'empty.pem: holds no certificate (PEM)')
    const problem = 'holds a certificate that is not whole'
    refused(file('half.pem', half), 'one.key', `half.pem: ${problem}`)
    refused(file('chain.pem', one.certificate + half), 'one.key', `chain.pem: ${problem}`)
    const wrong = one.certificate.replace(/\n.{8}/, '\nAAAAAAAA')
    refused(file('wrong.pem', wrong), 'one.key', `wrong.pem: ${problem}`)
  })

  it('has half a key, or one that is encrypted', () => {
    const half = one.key.slice(0, one.key.length / 2)
    refused(
      'one.pem',
      file('half.key', half),
      'half.key: holds no private key that can be read (PEM)',
    )
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const locked = privateKey.export({
      ...{ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    })
    const problem = 'the key is encrypted; give one that is not, readable by this user alone'
    refused('one.pem', file('locked.key', String(locked)), `locked.key: ${problem}`)
  })

  it('is a file without an end', () => {
    const large = file('large.pem', 'x'.repeat(1024 * 1024 + 1))
    refused(large, 'one.key', 'large.pem: is larger than 1048576 bytes; give a PEM file')
  })

  it('has a key that this user may not read', {
    skip: process.getuid?.() === 0 && 'root may',
  }, () => {
    chmodSync(join(dir, file('mine.key', one.key)), 0)
    assert.match(
      problemsWith('one.pem', 'mine.key')[0] ?? '',
      /mine\.key: this user may not open it/,
    )
  })
})

describe('config check', () => {
  const check = (certFile: string, keyFile: string) =>
    runCommand(['config', 'check', '--tls-cert-file', certFile, '--tls-key-file', keyFile], {
      cwd: dir,
    })

  it('says what is wrong with a certificate', async () => {
    const { code, stderr } = await check('one.pem', 'other.key')
    assert.equal(code, 2)
    assert.match(stderr, /^afterimage: tls\.certFile .*other\.key: is not the key/)
  })

  it('warns of one that has expired, or is not valid yet', async () => {
    const old = makeCertificate('old', Date.now() - 2 * DAY_MS, Date.now() - DAY_MS)
    writeCertificate(dir, 'old', old)
    const { code, stdout, stderr } = await check('old.pem', 'old.key')
    assert.equal(code, 0)
    assert.match(stdout, /the configuration is right/)
    assert.match(stderr, /^afterimage: \S+old\.pem: has expired at \S+Z; clients will refuse it\n$/)
    const early = makeCertificate('early', Date.now() + DAY_MS, Date.now() + 2 * DAY_MS)
    writeCertificate(dir, 'early', early)
    assert.match((await check('early.pem', 'early.key')).stderr, /early\.pem: is not valid before/)
    assert.equal((await check('one.pem', 'one.key')).stderr, '')
  })
})
