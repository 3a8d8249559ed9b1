import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from 'yaml'
import { fileTroubleOf } from '../file-trouble/file-trouble.ts'
import { OPTION_KEYS, OPTIONS, type OptionKey } from './options.ts'
import { type Setting, type Source, splitList } from './settings.ts'
import { didYouMean } from './suggest.ts'
import { type ValueKind, YES_OR_NO } from './values.ts'

const FILE_BYTES_MAX = 1024 * 1024
const SECRET_FILE_BYTES_MAX = 4096

/** Reads a YAML file of options. Every fault is a problem that names its line. */
export function readConfigFile(file: string, cwd: string): Source {
  const path = resolve(cwd, file)
  let text: string
  try {
    if (statSync(path).size > FILE_BYTES_MAX) {
      return broken(`${file}: is larger than ${FILE_BYTES_MAX} bytes; give a configuration file`)
    }
    text = readFileSync(path, 'utf8')
  } catch (error) {
    return broken(fileTroubleOf(error, file)?.message ?? `${file}: cannot be read: ${error}`)
  }
  return new FileReader(file, path, text).read()
}

/** A password in a file of its own; a line break at the end is not part of it. */
export function readSecretFile(path: string, problems: string[]): string {
  try {
    if (statSync(path).size <= SECRET_FILE_BYTES_MAX) {
      const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
      if (text !== '') return text
    }
    problems.push(`${path}: must hold a password, and nothing else`)
  } catch (error) {
    problems.push(fileTroubleOf(error, path)?.message ?? `${path}: cannot be read: ${error}`)
  }
  return ''
}

function broken(problem: string): Source {
  return { settings: [], problems: [problem] }
}

class FileReader {
  readonly #file: string
  readonly #folder: string
  readonly #text: string
  readonly #lines = new LineCounter()
  readonly #settings: Setting[] = []
  readonly #problems: string[] = []

  constructor(file: string, path: string, text: string) {
    this.#file = file
    this.#folder = dirname(path)
    this.#text = text
  }

  read(): Source {
    const doc = parseDocument(this.#text, { lineCounter: this.#lines, prettyErrors: false })
    for (const error of doc.errors) this.#problem(error.pos[0], error.message)
    const top = doc.contents
    if (doc.errors.length === 0 && top !== null && !isEmpty(top)) {
      if (isMap(top)) this.#readMap(top.items, '')
      else this.#problem(top.range?.[0], 'must hold "key: value" lines')
    }
    return { settings: this.#settings, problems: this.#problems }
  }

  #readMap(pairs: readonly Pair[], prefix: string): void {
    for (const { key, value } of pairs) {
      const offset = isNode(key) ? key.range?.[0] : undefined
      const path = prefix + String(isScalar(key) ? key.value : key)
      const option = OPTION_KEYS.find((known) => known === path)
      const node = isNode(value) ? value : undefined
      if (option !== undefined) this.#readOption(option, node, offset)
      else if (OPTION_KEYS.some((known) => known.startsWith(`${path}.`))) {
        if (isMap(node)) this.#readMap(node.items, `${path}.`)
        else this.#problem(offset, `${path} must hold "key: value" lines, indented below it`)
      } else {
        this.#problem(offset, `there is no option "${path}"${didYouMean(path, OPTION_KEYS)}`)
      }
    }
  }

  #readOption(key: OptionKey, node: Node | undefined, offset: number | undefined): void {
    const read = YES_OR_NO === (OPTIONS[key].kind as ValueKind<unknown>) ? booleanOf : textOf
    const texts = OPTIONS[key].kind.isList && isSeq(node) ? node.items.map(read) : [read(node)]
    if (!texts.every((text) => text !== undefined)) {
      this.#problem(offset, `${key} must be ${OPTIONS[key].kind.form}`)
      return
    }
    const origin = { from: 'file', file: this.#file, line: this.#line(offset), key } as const
    this.#settings.push({
      key,
      texts: OPTIONS[key].kind.isList && !isSeq(node) ? texts.flatMap(splitList) : texts,
      origin,
      folder: this.#folder,
    })
  }

  #problem(offset: number | undefined, message: string): void {
    this.#problems.push(`${this.#file}:${this.#line(offset)}: ${message}`)
  }

  #line(offset: number | undefined): number {
    return this.#lines.linePos(offset ?? 0).line
  }
}

/** A file of nothing but comments. */
function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === null
}

function booleanOf(node: unknown): string | undefined {
  return isScalar(node) && typeof node.value === 'boolean' ? String(node.value) : undefined
}

/** Numbers as they are written; undefined for what is neither text nor number. */
function textOf(node: unknown): string | undefined {
  if (!isScalar(node)) return undefined
  if (typeof node.value === 'string') return node.value
  return typeof node.value === 'number' ? (node.source ?? String(node.value)) : undefined
}
