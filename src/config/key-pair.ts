import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { fileTroubleOf } from '../file-trouble/file-trouble.ts'
import { Secret } from './secret.ts'
import type { ServiceName } from './tls-options.ts'

/** A chain of certificates is a few KiB. */
const PEM_BYTES_MAX = 1024 * 1024
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const BEGIN_CERTIFICATE = '-----BEGIN CERTIFICATE-----'

/** A certificate with its key, checked: what is served may be read from files again, or not. */
export interface KeyPair {
  /** Where the certificate was read. */
  readonly certFile: string
  /** PEM: the own certificate, then those of its authorities. */
  readonly certificates: string
  /** PEM */
  readonly key: Secret
}

/** What each service is served with; one that has none is served without TLS. */
export type KeyPairs = Readonly<Partial<Record<ServiceName, KeyPair>>>

export interface KeyPairFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** A certificate or its key cannot be used. `message` is one line that names the file. */
export class KeyPairRefused extends Error {
  override readonly name = 'KeyPairRefused'
}

/** Reads a certificate and its key. @throws KeyPairRefused unless both are whole and go together */
export function readKeyPair({ certFile, keyFile }: KeyPairFiles): KeyPair {
  const certificates = readPem(certFile)
  const [own] = chainIn(certificates, certFile)
  if (own === undefined) throw new KeyPairRefused(`${certFile}: holds no certificate (PEM)`)
  const key = readPem(keyFile)
  if (!own.checkPrivateKey(privateKeyIn(key, keyFile))) {
    throw new KeyPairRefused(`${keyFile}: is not the key of the certificate in ${certFile}`)
  }
  try {
    createSecureContext({ cert: certificates, key })
  } catch (error) {
    throw new KeyPairRefused(`${certFile}: cannot be served: ${(error as Error).message}`)
  }
  return { certFile, certificates, key: new Secret(key) }
}

/** Certificates that clients refuse now for their time, a line each. */
export function untimely(keyPairs: KeyPairs, nowMs: number): readonly string[] {
  const lines = Object.values(keyPairs).flatMap(({ certFile, certificates }) => {
    const { validFromDate, validToDate } = new X509Certificate(certificates)
    if (validToDate.getTime() < nowMs)
      return `${certFile}: has expired at ${printTime(validToDate)}`
    if (validFromDate.getTime() <= nowMs) return []
    return `${certFile}: is not valid before ${printTime(validFromDate)}`
  })
  return [...new Set(lines)]
}

function printTime(time: Date): string {
  return time.toISOString().replace('.000Z', 'Z')
}

function readPem(path: string): string {
  try {
    if (statSync(path).size <= PEM_BYTES_MAX) return readFileSync(path, 'utf8')
  } catch (error) {
    const message = fileTroubleOf(error, path)?.message ?? `${path}: cannot be read: ${error}`
    throw new KeyPairRefused(message)
  }
  throw new KeyPairRefused(`${path}: is larger than ${PEM_BYTES_MAX} bytes; give a PEM file`)
}

/** @throws KeyPairRefused when one of them is not whole */
function chainIn(text: string, path: string): readonly X509Certificate[] {
  const whole = text.match(CERTIFICATE) ?? []
  try {
    if (text.split(BEGIN_CERTIFICATE).length - 1 === whole.length) {
      return whole.map((pem) => new X509Certificate(pem))
    }
  } catch {
    // Said below.
  }
  throw new KeyPairRefused(`${path}: holds a certificate that is not whole`)
}

function privateKeyIn(text: string, path: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch {
    const isEncrypted = text.includes('ENCRYPTED')
    throw new KeyPairRefused(
      isEncrypted
        ? `${path}: the key is encrypted; give one that is not, readable by this user alone`
        : `${path}: holds no private key that can be read (PEM)`,
    )
  }
}
