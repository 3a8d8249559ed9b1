import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ofSystemError } from './faults.ts'
import { readContents } from './format/contents.ts'
import type { Claim, Received } from './image-files.ts'
import { publishedFile, RECEIVED, STAGED, syncFolder } from './layout.ts'
import { type DataLimits, type DigestThreads, digestFile, receiveInto } from './receive.ts'
import type { UploadSpace } from './upload-space.ts'

const OWNER_ONLY = 0o600

interface Where {
  readonly folder: string
  readonly limits: DataLimits
  readonly threads: DigestThreads
  readonly space: UploadSpace
  /** Whether this process has left the folder; the next start ends its claims then. */
  readonly hasLeft: () => boolean
}

/** A claim that is a folder; see ImageFolder. */
export class FolderClaim implements Claim {
  readonly #id: string
  readonly #path: string
  readonly #where: Where
  readonly #onRelease: () => void
  /** Where the bytes stand that `publish` is to publish. */
  #source: string
  /** Where `publish` has put them. */
  #published: string | undefined

  constructor(id: string, path: string, where: Where, onRelease: () => void) {
    this.#id = id
    this.#path = path
    this.#where = where
    this.#onRelease = onRelease
    this.#source = this.#received
  }

  async receive(
    body: AsyncIterable<Uint8Array>,
    announcedBytes: number | undefined,
  ): Promise<Received> {
    try {
      await using file = await this.#create()
      const grant = (needed: number, wanted: number) =>
        this.#where.space.grant(this.#path, needed, wanted)
      const digested = await receiveInto(file, body, announcedBytes, { ...this.#where, grant })
      return { ...digested, contents: await readContents(file, digested.sizeBytes) }
    } catch (error) {
      // On a full disk the image's row can be put right only when these bytes are gone.
      await rm(this.#received, { force: true }).catch(() => undefined)
      throw error
    } finally {
      this.#where.space.end(this.#path)
    }
  }

  async takeStaged(): Promise<Received> {
    this.#source = this.#staged
    try {
      await using file = await open(this.#source, 'r')
      const digested = await digestFile(file, this.#where.threads)
      return { ...digested, contents: await readContents(file, digested.sizeBytes) }
    } finally {
      this.#where.space.end(this.#path)
    }
  }

  async publish({ checksum }: Received): Promise<void> {
    const file = publishedFile(this.#where.folder, { id: this.#id, checksum })
    if (file === undefined) throw new TypeError(`${checksum} is not a checksum`)
    this.#published = file
    await this.#move(this.#source, file, this.#where.folder)
  }

  async stage(): Promise<void> {
    await this.#move(this.#received, this.#staged, join(this.#where.folder, STAGED))
  }

  async discard(): Promise<void> {
    this.#checkStaying()
    if (this.#published !== undefined) await rm(this.#published, { force: true })
    await rm(this.#staged, { force: true })
  }

  async release(): Promise<void> {
    try {
      await rm(this.#path, { recursive: true, force: true })
    } finally {
      this.#onRelease()
    }
  }

  leave(): void {
    this.#onRelease()
  }

  get #received(): string {
    return join(this.#path, RECEIVED)
  }

  get #staged(): string {
    return join(this.#where.folder, STAGED, this.#id)
  }

  /** Others may use the image's files once this process has left. */
  #checkStaying(): void {
    if (this.#where.hasLeft()) throw new Error('the folder of image files was left')
  }

  async #move(from: string, to: string, folder: string): Promise<void> {
    this.#checkStaying()
    try {
      await rename(from, to)
      await syncFolder(folder)
    } catch (error) {
      throw ofSystemError(error)
    }
  }

  async #create(): Promise<FileHandle> {
    const { O_CREAT, O_EXCL, O_RDWR } = constants
    try {
      return await open(this.#received, O_CREAT | O_EXCL | O_RDWR, OWNER_ONLY)
    } catch (error) {
      throw ofSystemError(error)
    }
  }
}
