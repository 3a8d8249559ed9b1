import { readdirSync, renameSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { imageDataFault, ofSystemError } from './faults.ts'
import { INCOMING, isId, namesIn, RECEIVED } from './layout.ts'
import type { Presence } from './presence.ts'

export interface SpaceLimits {
  /** What must stay free on the disk. */
  readonly freeBytesMin: number
  /** Uploads and imports at once. */
  readonly uploadsMax: number
}

/** In a claim's folder: an empty file whose name has the bytes that may be written in all. */
const GRANT = /^bytes\.(\d+)$/
const grantOf = (bytes: number) => `bytes.${bytes}`

interface Upload {
  /** Of its claim's folder. */
  readonly path: string
  /** What it may write in all. */
  readonly grantedBytes: number
  /** What it may still write. */
  readonly bytesToCome: number
}

/**
 * What the uploads of all processes that live may take together. Each has the bytes that it may
 * write beside what it has written, so every process sees how much of the free space is spoken for.
 */
export class UploadSpace {
  readonly #folder: string
  readonly #presence: Presence
  readonly #limits: SpaceLimits

  constructor(folder: string, presence: Presence, limits: SpaceLimits) {
    this.#folder = folder
    this.#presence = presence
    this.#limits = limits
  }

  /** @throws ImageDataFault 'data.too_many'. To be called within `exclusively`, as `begin` is. */
  checkCount(): void {
    const { length } = this.#uploads()
    if (length < this.#limits.uploadsMax) return
    throw imageDataFault('data.too_many', `${length} uploads and imports are under way`)
  }

  /** Counts a claim as an upload, which may write nothing yet. */
  begin(path: string): void {
    writeFileSync(join(path, grantOf(0)), '')
  }

  /**
   * Lets an upload write so many bytes in all: as many as it wants, or what there is.
   * @returns how many, at least the bytes needed @throws ImageDataFault 'data.no_space'
   */
  async grant(path: string, neededBytes: number, wantedBytes: number): Promise<number> {
    try {
      return await this.#presence.exclusively(() => {
        const writtenBytes = sizeOf(join(path, RECEIVED))
        const uploads = this.#uploads()
        const own = uploads.find((upload) => upload.path === path)
        const spokenFor =
          uploads.reduce((sum, { bytesToCome }) => sum + bytesToCome, 0) - (own?.bytesToCome ?? 0)
        const { bavail, bsize } = statfsSync(this.#folder)
        const room = bavail * bsize - spokenFor - this.#limits.freeBytesMin
        if (neededBytes - writtenBytes > room) {
          const detail = `${bavail * bsize} bytes are free in ${this.#folder}`
          throw imageDataFault(
            'data.no_space',
            `${detail}, other uploads need ${spokenFor} of them`,
          )
        }
        const granted = Math.max(neededBytes, Math.min(wantedBytes, writtenBytes + room))
        renameSync(join(path, grantOf(own?.grantedBytes ?? 0)), join(path, grantOf(granted)))
        return granted
      })
    } catch (error) {
      throw ofSystemError(error)
    }
  }

  /** Counts it no more: all has been written, or nothing more will be. */
  end(path: string): void {
    for (const { grantedBytes } of uploadIn(path)) {
      rmSync(join(path, grantOf(grantedBytes)), { force: true })
    }
  }

  #uploads(): readonly Upload[] {
    const incoming = join(this.#folder, INCOMING)
    return readdirSync(incoming).flatMap((name) => {
      const ids = namesIn(join(incoming, name)).filter(isId)
      if (ids.length === 0 || !this.#presence.isAlive(name)) return []
      return ids.flatMap((id) => uploadIn(join(incoming, name, id)))
    })
  }
}

/** None: a claim of a deletion, or one whose data has come. */
function uploadIn(path: string): readonly Upload[] {
  return namesIn(path).flatMap((name) => {
    const [, bytes] = GRANT.exec(name) ?? []
    if (bytes === undefined) return []
    const grantedBytes = Number(bytes)
    const bytesToCome = Math.max(0, grantedBytes - sizeOf(join(path, RECEIVED)))
    return [{ path, grantedBytes, bytesToCome }]
  })
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
