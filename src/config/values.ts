import { X509Certificate } from 'node:crypto'
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'

/** A kind of value: what it looks like, and how text becomes it. */
export interface ValueKind<T> {
  /** Stands for the value in help and documentation, such as PORT. */
  readonly placeholder: string
  /** What a right value is; fits behind "must be". */
  readonly form: string
  /** May hold several texts: a comma-separated flag or variable, a sequence in the file. */
  readonly isList: boolean
  /** All right values, where there are few; for completion in a shell. */
  readonly words?: readonly string[]
  /** undefined for an invalid value. Relative paths start at `folder`. */
  read(texts: readonly string[], folder: string): T | undefined
}

export const PORT_MAX = 65_535
const HOST_CHARACTERS_MAX = 253
const HOST_LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i

function single<T>(
  placeholder: string,
  form: string,
  read: (text: string, folder: string) => T | undefined,
): ValueKind<T> {
  return {
    placeholder,
    form,
    isList: false,
    read: ([text, ...more], folder) =>
      text === undefined || more.length > 0 ? undefined : read(text, folder),
  }
}

export function wholeNumber(placeholder: string, min: number, max: number): ValueKind<number> {
  return single(placeholder, `a whole number from ${min} to ${max}`, (text) => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN
    return value >= min && value <= max ? value : undefined
  })
}

export const FRACTION: ValueKind<number> = single('FRACTION', 'a number from 0 to 1', (text) =>
  /^(?:0(?:\.[0-9]{1,9})?|1(?:\.0{1,9})?)$/.test(text) ? Number(text) : undefined,
)

export const PORT: ValueKind<number> = {
  ...wholeNumber('PORT', 0, PORT_MAX),
  form: `a port from 1 to ${PORT_MAX}, or 0 for any free one`,
}

export const PORT_OR_OFF: ValueKind<number> = {
  ...PORT,
  form: `a port from 1 to ${PORT_MAX}, or 0 for none`,
}

export const FOLDER: ValueKind<string> = single('DIR', 'the path of a folder', (text, folder) =>
  text === '' || text.includes('\0') ? undefined : resolve(folder, text),
)

/** Of a file that may be missing yet. */
export const PATH: ValueKind<string> = single('FILE', 'the path of a file', (text, folder) =>
  text === '' || text.includes('\0') ? undefined : resolve(folder, text),
)

export const FILE: ValueKind<string> = single(
  'FILE',
  'the path of a file that can be read',
  (text, folder) => {
    if (text === '' || text.includes('\0')) return undefined
    const path = resolve(folder, text)
    return isReadableFile(path) ? path : undefined
  },
)

function isReadableFile(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return !statSync(path).isDirectory()
  } catch {
    return false
  }
}

export const CERTIFICATES: ValueKind<string> = {
  ...FILE,
  form: 'the path of a file of certificates (PEM)',
  read: (texts, folder) => {
    const path = FILE.read(texts, folder)
    return path !== undefined && holdsCertificate(path) ? path : undefined
  },
}

function holdsCertificate(path: string): boolean {
  try {
    return new X509Certificate(readFileSync(path)).subject !== undefined
  } catch {
    return false
  }
}

const NAME_CHARACTERS_MAX = 255

export const NAME: ValueKind<string> = single('NAME', 'a name', (text) =>
  text.trim() === '' || text.length > NAME_CHARACTERS_MAX ? undefined : text,
)

export const NAMES: ValueKind<readonly string[]> = {
  placeholder: 'NAMES',
  form: 'names, separated by commas',
  isList: true,
  read: (texts) => (texts.every((text) => NAME.read([text], '') !== undefined) ? texts : undefined),
}

export const YES_OR_NO: ValueKind<boolean> = {
  ...single('true|false', 'true or false', (text) =>
    text === 'true' ? true : text === 'false' ? false : undefined,
  ),
  words: ['true', 'false'],
}

export const HOST: ValueKind<string> = single(
  'HOST',
  'an IP address (no brackets, no port) or a host name',
  (text) => (isIP(text) !== 0 || isHostName(text) ? text : undefined),
)

function isHostName(text: string): boolean {
  const labels = text.split('.')
  const last = labels.at(-1) ?? ''
  if (/^[0-9]+$/.test(last)) return false // looks like an IPv4 address, and is not one
  return text.length <= HOST_CHARACTERS_MAX && labels.every((label) => HOST_LABEL.test(label))
}

/** Without a slash at its end, so that a path can be appended. */
export const BASE_URL: ValueKind<string> = single(
  'URL',
  'an http:// or https:// address without user, query or fragment',
  readBaseUrl,
)

/** One service at several addresses, the preferred one first. */
export const BASE_URLS: ValueKind<readonly string[]> = {
  placeholder: 'URLS',
  form: `${BASE_URL.form}; several are separated by commas`,
  isList: true,
  read: (texts) => {
    const urls = texts.map(readBaseUrl)
    return urls.length > 0 && urls.every((url) => url !== undefined) ? urls : undefined
  },
}

function readBaseUrl(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || !/^https?:\/\//i.test(text) || /[?#\s]/.test(text)) return undefined
  if (url.username !== '' || url.password !== '') return undefined
  return url.href.replace(/\/+$/, '')
}

/**
 * May have a query and a fragment. It goes into a header, so it must not contain characters that
 * end one.
 */
export const WEB_PAGE: ValueKind<string> = single(
  'URL',
  'the http:// or https:// address of a page',
  (text) => {
    const isAddress = /^https?:\/\/[^\s<>"]+$/i.test(text)
    return isAddress ? URL.parse(text)?.href : undefined
  },
)

export const NETWORKS: ValueKind<readonly string[]> = {
  placeholder: 'LIST',
  form: 'IP addresses or networks such as 10.0.0.0/8, separated by commas',
  isList: true,
  read: (texts) => (texts.every(isNetwork) ? texts : undefined),
}

function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/([0-9]{1,3}))?$/.exec(text) ?? []
  const version = isIP(address)
  if (version === 0 || address.includes('%')) return false
  return bits === undefined || Number(bits) <= (version === 4 ? 32 : 128)
}

export function oneOf<T extends string>(placeholder: string, words: readonly T[]): ValueKind<T> {
  return {
    ...single(placeholder, `one of ${words.join(', ')}`, (text) =>
      words.find((word) => word === text),
    ),
    words,
  }
}
