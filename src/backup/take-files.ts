import { closeSync, fstatSync, linkSync, lstatSync, openSync, readSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { fileTroubleOf } from '../file-trouble/file-trouble.ts'
import { ownAs } from './owner.ts'
import type { Watch } from './progress.ts'

const OWNER_ONLY = 0o600
const PIECE_BYTES = 1024 * 1024

/** No links between these two places at all: another file system, one without links, or a mount. */
const NEVER: ReadonlySet<string> = new Set(['EXDEV', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])
/** Not for this file: it has as many links as it may, or is another user's. */
const NOT_THIS: ReadonlySet<string> = new Set(['EMLINK', 'EPERM', 'EACCES'])

/** A file that is open to be copied: it can be read even if it is deleted meanwhile. */
export class OpenFile implements Disposable {
  readonly path: string
  readonly descriptor: number
  #isOpen = true

  /** @throws what the system says */
  constructor(path: string) {
    this.path = path
    this.descriptor = openSync(path, 'r')
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) closeSync(this.descriptor)
    this.#isOpen = false
  }
}

/** Brings files from one folder into another: by hard link where that can be done, else as copies. */
export class FileTaker {
  readonly #watch: Watch
  readonly #piece = Buffer.allocUnsafe(PIECE_BYTES)
  #mayLink: boolean
  #files = 0
  #hasLinked = false

  constructor(watch: Watch, mayLink: boolean) {
    this.#watch = watch
    this.#mayLink = mayLink
  }

  /** Whether any file shares its bytes with the source. */
  get hasLinked(): boolean {
    return this.#hasLinked
  }

  /** Does nothing if there is no such file. @throws FileTrouble */
  async take(from: string, to: string): Promise<void> {
    this.#watch.signal.throwIfAborted()
    this.#watch.show(() => `${this.#files} files taken`)
    const found = this.takeNow(from, to)
    if (typeof found === 'object') await this.copy(found, to)
  }

  /** The same, in an instant: what cannot be linked is only opened, to be copied later. */
  takeNow(from: string, to: string): 'linked' | 'missing' | OpenFile {
    try {
      if (this.#linkNow(from, to)) return 'linked'
      return new OpenFile(from)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing'
      throw fileTroubleOf(error, from) ?? error
    }
  }

  /** Copies an open file durably, and closes it. @throws FileTrouble */
  async copy(file: OpenFile, to: string): Promise<void> {
    using source = file
    let target: FileHandle | undefined
    try {
      target = await open(to, 'wx', OWNER_ONLY)
      await this.#copyInto(target, source)
      await target.sync()
      ownAs(fstatSync(source.descriptor), to)
      this.#files += 1
    } catch (error) {
      await rm(to, { force: true })
      throw fileTroubleOf(error, to) ?? error
    } finally {
      await target?.close()
    }
  }

  async #copyInto(target: FileHandle, { path, descriptor }: OpenFile): Promise<void> {
    const { size } = fstatSync(descriptor)
    for (let copied = 0; ; ) {
      this.#watch.signal.throwIfAborted()
      const length = this.#readPiece(path, descriptor, copied)
      if (length === 0) return
      await target.writeFile(this.#piece.subarray(0, length))
      copied += length
      this.#watch.show(
        () => `${this.#files} files taken, ${copied} of ${size} bytes of the next one`,
      )
    }
  }

  #readPiece(path: string, descriptor: number, position: number): number {
    try {
      return readSync(descriptor, this.#piece, 0, PIECE_BYTES, position)
    } catch (error) {
      throw fileTroubleOf(error, path) ?? error
    }
  }

  #linkNow(from: string, to: string): boolean {
    // A link to a symbolic link would name a place, and not hold the data.
    if (!this.#mayLink || !lstatSync(from).isFile()) return false
    try {
      linkSync(from, to)
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (NEVER.has(code)) this.#mayLink = false
      if (NEVER.has(code) || NOT_THIS.has(code)) return false
      throw error
    }
    this.#files += 1
    this.#hasLinked = true
    return true
  }
}
