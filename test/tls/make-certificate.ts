import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A certificate that signs itself, for `localhost` and 127.0.0.1, and its key; both PEM. */
export interface Made {
  readonly certificate: string
  readonly key: string
}

export interface MadeFiles extends Made {
  readonly certFile: string
  readonly keyFile: string
}

const DAY_MS = 86_400_000

/** @param name tells certificates apart: the subject's common name */
export function makeCertificate(
  name = 'afterimage test',
  fromMs = Date.now() - DAY_MS,
  toMs = Date.now() + DAY_MS,
): Made {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))))
  const toBeSigned = sequence(
    der(0xa0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    subject, // the issuer
    sequence(time(fromMs), time(toMs)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(sequence(ALTERNATIVE_NAMES, der(0x04, sequence(LOCALHOST, LOOPBACK))))),
  )
  const signature = sign('sha256', toBeSigned, privateKey)
  const bits = der(0x03, Buffer.from([0]), signature)
  const whole = sequence(toBeSigned, ECDSA_WITH_SHA256, bits)
  return {
    certificate: pem('CERTIFICATE', whole),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  }
}

/** Writes `NAME.pem` and `NAME.key` into a folder. */
export function writeCertificate(
  folder: string,
  name: string,
  made = makeCertificate(name),
): MadeFiles {
  const files = { certFile: join(folder, `${name}.pem`), keyFile: join(folder, `${name}.key`) }
  writeFileSync(files.certFile, made.certificate)
  writeFileSync(files.keyFile, made.key)
  return { ...made, ...files }
}

/** DER (X.690): a tag, a length, the content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const all = Buffer.concat(content)
  const size = all.length
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), all])
}

function sequence(...content: readonly Buffer[]): Buffer {
  return der(0x30, ...content)
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes)
}

/** UTCTime: two digits of the year. */
function time(ms: number): Buffer {
  const digits = new Date(ms)
    .toISOString()
    .replaceAll(/[-:T]|\.\d+/g, '')
    .slice(2)
  return der(0x17, Buffer.from(digits))
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}

function pem(what: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${what}-----`, ...lines, `-----END ${what}-----`, ''].join('\n')
}

const COMMON_NAME = objectId('550403')
const ALTERNATIVE_NAMES = objectId('551d11')
const ECDSA_WITH_SHA256 = sequence(objectId('2a8648ce3d040302'))
const LOCALHOST = der(0x82, Buffer.from('localhost'))
const LOOPBACK = der(0x87, Buffer.from([127, 0, 0, 1]))
