import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DigestThread } from './digest-thread.ts'
import { imageDataFault, ofSystemError } from './faults.ts'
import { FolderClaim } from './folder-claim.ts'
import type {
  Abandoned,
  Claim,
  DataName,
  FileName,
  ImageFiles,
  KeptFile,
  Leftovers,
  OpenData,
} from './image-files.ts'
import {
  INCOMING,
  isId,
  namesIn,
  publishedFile,
  RECEIVED,
  readPublishedName,
  STAGED,
  syncFolder,
} from './layout.ts'
import { openData } from './open-data.ts'
import type { Presence } from './presence.ts'
import type { DataLimits } from './receive.ts'
import { UploadSpace } from './upload-space.ts'

const OWNER_ONLY = 0o700

/**
 * Image files in a folder. `ID.MD5` holds an image's bytes: the name holds id and checksum, so
 * bytes are never taken for those of another image or version. `staged/ID` waits for its import.
 * Data that is being received is in `incoming/PROCESS/ID/`, which is the claim; of the processes
 * that live one at most has a claim on an image. It is made before the row says that data is coming,
 * and removed after the row says that it has come: so a row in between without a claim of a living
 * process was left by a crash.
 */
export class ImageFolder implements ImageFiles, Leftovers {
  readonly #folder: string
  readonly #presence: Presence
  readonly #limits: DataLimits
  readonly #space: UploadSpace
  readonly #threads = { md5: new DigestThread('md5'), sha512: new DigestThread('sha512') }
  readonly #held = new Map<string, Promise<void>>()
  #hasLeft = false
  #freed = 0

  private constructor(folder: string, presence: Presence, limits: DataLimits) {
    this.#folder = folder
    this.#presence = presence
    this.#limits = limits
    this.#space = new UploadSpace(folder, presence, limits)
  }

  /** Makes the folder if it is missing. */
  static async open(folder: string, presence: Presence, limits: DataLimits): Promise<ImageFolder> {
    for (const path of [folder, join(folder, STAGED), join(folder, INCOMING)]) {
      await mkdir(path, { mode: OWNER_ONLY }).catch(unlessThere)
    }
    const own = join(folder, INCOMING, presence.name)
    await mkdir(own, { mode: OWNER_ONLY })
    await syncFolder(join(folder, INCOMING))
    return new ImageFolder(folder, presence, limits)
  }

  async claim(id: string): Promise<Claim> {
    const path = await this.#hold(id, 'upload')
    try {
      await syncFolder(dirname(path))
    } catch (error) {
      await rm(path, { recursive: true, force: true }) // else the image would stay claimed
      throw ofSystemError(error)
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#held.set(id, promise)
    const where = {
      ...{ folder: this.#folder, limits: this.#limits, threads: this.#threads },
      space: this.#space,
      hasLeft: () => this.#hasLeft,
    }
    return new FolderClaim(id, path, where, () => {
      this.#held.delete(id)
      resolve()
    })
  }

  async whileClaimed<T>(id: string, work: () => Promise<T>): Promise<T> {
    const path = await this.#hold(id, 'moment')
    try {
      return await work()
    } finally {
      await rm(path, { recursive: true, force: true })
    }
  }

  async open(name: DataName): Promise<OpenData | undefined> {
    const file = publishedFile(this.#folder, name)
    return file === undefined ? undefined : openData(file)
  }

  async free(name: FileName, isWanted: () => Promise<boolean>): Promise<boolean> {
    const file = fileOf(this.#folder, name)
    const seen = file === undefined ? undefined : identityOf(file)
    if (file === undefined || seen === undefined || (await isWanted())) return false
    this.#freed += 1
    const gone = join(this.#folder, INCOMING, this.#presence.name, `freed.${this.#freed}`)
    try {
      const isFreed = await this.#presence.exclusively(() => {
        if (this.#isClaimed(name.id)) throw imageDataFault('data.claimed')
        // The row was read after this file was seen: a file that came since may be the row's.
        if (identityOf(file) !== seen) return false
        renameSync(file, gone) // to be deleted without holding up others: a large file takes long
        return true
      })
      await rm(gone, { force: true })
      return isFreed
    } catch (error) {
      throw ofSystemError(error)
    }
  }

  async abandoned(): Promise<readonly Abandoned[]> {
    const found = await this.#findAbandoned()
    // A full disk takes rows again only when these bytes are gone.
    for (const { path } of found) await rm(join(path, RECEIVED), { force: true })
    return found.map(({ id, path }) => ({
      id,
      clear: () => rm(path, { recursive: true, force: true }),
    }))
  }

  #findAbandoned(): Promise<readonly { readonly id: string; readonly path: string }[]> {
    const incoming = join(this.#folder, INCOMING)
    return this.#presence.exclusively(() => {
      const dead = readdirSync(incoming).filter((name) => !this.#presence.isAlive(name))
      return dead.flatMap((name) =>
        namesIn(join(incoming, name))
          .filter(isId)
          .map((id) => ({ id, path: join(incoming, name, id) })),
      )
    })
  }

  async *kept(only?: string): AsyncIterable<KeptFile> {
    const isAsked = (id: string) => only === undefined || only === id
    for (const name of await readdir(this.#folder)) {
      const parts = readPublishedName(name)
      if (parts === undefined || !isAsked(parts.id)) continue
      yield* this.#keptFile(join(this.#folder, name), parts)
    }
    for (const id of await readdir(join(this.#folder, STAGED))) {
      if (isId(id) && isAsked(id)) yield* this.#keptFile(join(this.#folder, STAGED, id), { id })
    }
  }

  /** Forgets processes that died, once their claims have been cleared. */
  forgetTheDead(): Promise<void> {
    const incoming = join(this.#folder, INCOMING)
    return this.#presence.exclusively(() => {
      for (const name of readdirSync(incoming)) {
        if (this.#presence.isAlive(name)) continue
        if (namesIn(join(incoming, name)).some(isId)) continue
        rmSync(join(incoming, name), { recursive: true, force: true })
      }
      const left = new Set(readdirSync(incoming))
      for (const name of this.#presence.names()) {
        if (!left.has(name) && !this.#presence.isAlive(name)) this.#presence.forget(name)
      }
    })
  }

  /** Waits until nothing is being received, then leaves the folder. */
  async close(): Promise<void> {
    await Promise.all(this.#held.values())
    await Promise.all([this.#threads.md5.close(), this.#threads.sha512.close()])
    const own = join(this.#folder, INCOMING, this.#presence.name)
    // A claim whose image could not be put right stays, for the next start.
    if (!readdirSync(own).some(isId)) rmSync(own, { recursive: true })
  }

  /** Stops moving files; to be called before other processes may consider this one dead. */
  leave(): void {
    this.#hasLeft = true
    for (const thread of Object.values(this.#threads)) thread.close().catch(() => undefined)
  }

  /** @returns the claim's folder @throws ImageDataFault */
  async #hold(id: string, kind: 'upload' | 'moment'): Promise<string> {
    if (!isId(id)) throw new TypeError(`${JSON.stringify(id)} is not an image id`)
    const path = join(this.#folder, INCOMING, this.#presence.name, id)
    try {
      await this.#presence.exclusively(() => {
        if (this.#isClaimed(id)) throw imageDataFault('data.claimed')
        if (kind === 'upload') this.#space.checkCount()
        mkdirSync(path, { mode: OWNER_ONLY })
        if (kind === 'upload') this.#beginUpload(path)
      })
    } catch (error) {
      throw ofSystemError(error)
    }
    return path
  }

  #beginUpload(path: string): void {
    try {
      this.#space.begin(path)
    } catch (error) {
      rmSync(path, { recursive: true, force: true }) // else the image would stay claimed
      throw error
    }
  }

  #isClaimed(id: string): boolean {
    const incoming = join(this.#folder, INCOMING)
    return readdirSync(incoming).some(
      (name) => existsSync(join(incoming, name, id)) && this.#presence.isAlive(name),
    )
  }

  async *#keptFile(
    file: string,
    { id, checksum }: { readonly id: string; readonly checksum?: string },
  ): AsyncIterable<KeptFile> {
    const found = await stat(file).catch(() => undefined)
    if (found === undefined) return // freed meanwhile
    yield {
      id,
      checksum,
      sizeBytes: found.size,
      unpublish: () => renameSync(file, join(this.#folder, STAGED, id)),
    }
  }
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

function fileOf(folder: string, { id, checksum }: FileName): string | undefined {
  if (checksum !== undefined) return publishedFile(folder, { id, checksum })
  return isId(id) ? join(folder, STAGED, id) : undefined
}

/** Differs between files that bear one name after another; undefined if there is none. */
function identityOf(file: string): string | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return found && `${found.ino} ${found.birthtimeNs}`
}
