import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { backUp, type Written } from '../../src/backup/backup.ts'
import { checkFolder } from '../../src/backup/check-folder.ts'
import type { CheckReport } from '../../src/backup/check-report.ts'
import type { FolderNames } from '../../src/backup/folder-names.ts'
import { readManifest } from '../../src/backup/manifest.ts'
import type { Watch } from '../../src/backup/progress.ts'
import { type Restored, restore } from '../../src/backup/restore.ts'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { loadConfig } from '../../src/config/load.ts'
import { Database } from '../../src/database/database.ts'
import type { Image } from '../../src/image/image.ts'
import type { Claim } from '../../src/image-data/image-files.ts'
import { type OpenedImageData, openImageData } from '../../src/server/image-data.ts'
import { makeImage } from '../server/stand.ts'

export const NAMES: FolderNames = {
  database: 'afterimage.db',
  images: 'images',
  processes: 'processes',
}
const NOTHING_GIVEN = { flags: {}, configFile: undefined, environment: {} }
const WAITING = { sizeBytes: null, virtualSizeBytes: null, checksum: null }

export const WATCH: Watch = { signal: new AbortController().signal, show: () => undefined }

/** A folder that is removed in the end. */
export class Place implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'afterimage-backup-'))

  at(...names: readonly string[]): string {
    return join(this.path, ...names)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** A data folder that is in use, as by a server. */
export class Served implements AsyncDisposable {
  readonly folder: string
  readonly database: Database
  readonly #data: OpenedImageData

  private constructor(folder: string, database: Database, data: OpenedImageData) {
    this.folder = folder
    this.database = database
    this.#data = data
  }

  static async open(folder: string): Promise<Served> {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const database = new Database(join(folder, NAMES.database))
    const catalogue = openSqliteCatalogue(database)
    const { image } = loadConfig({ ...NOTHING_GIVEN, cwd: folder }).config
    const settings = { ...image, freeBytesMin: 0 }
    const data = await openImageData(folder, catalogue, settings, pino({ level: 'silent' }))
    return new Served(folder, database, data)
  }

  get catalogue() {
    return this.#data.catalogue
  }

  /** An image with these bytes. */
  async upload(bytes: string, fields: Partial<Image> = {}): Promise<Image> {
    const image = await this.create({ status: 'saving', ...fields })
    const claim = await this.claim(image.id)
    const active = await this.publish(image.id, claim, bytes)
    await claim.release()
    return active
  }

  /** Many images at once, each with bytes of its own; without a claim. */
  async put(count: number): Promise<readonly Image[]> {
    const images = Array.from({ length: count }, () => {
      const id = randomUUID()
      const checksum = createHash('md5').update(id).digest('hex')
      return makeImage(1, { id, sizeBytes: id.length, checksum })
    })
    for (const image of images) writeFileSync(fileOf(this.folder, image), image.id)
    await this.catalogue.putImages(images)
    return images
  }

  async create(fields: Partial<Image>): Promise<Image> {
    return await this.catalogue.create(makeImage(1, { ...WAITING, id: randomUUID(), ...fields }))
  }

  claim(id: string): Promise<Claim> {
    return this.#data.service.files.claim(id)
  }

  async publish(id: string, claim: Claim, bytes: string): Promise<Image> {
    const received = await claim.receive(once(Buffer.from(bytes)), undefined)
    await claim.publish(received)
    return await this.change(id, {
      ...{ status: 'active', sizeBytes: received.sizeBytes, checksum: received.checksum },
      ...{ hashAlgorithm: 'sha512', hashValue: received.sha512 },
    })
  }

  /** An image whose bytes wait for their import. */
  async stage(bytes: string): Promise<Image> {
    const { id } = await this.create({ status: 'uploading' })
    const claim = await this.claim(id)
    const { sizeBytes } = await claim.receive(once(Buffer.from(bytes)), undefined)
    await claim.stage()
    await claim.release()
    return await this.change(id, { sizeBytes })
  }

  change(id: string, fields: Partial<Image>): Promise<Image> {
    return this.catalogue.update(id, (image) => ({ ...image, ...fields }))
  }

  async remove(id: string): Promise<void> {
    await this.catalogue.remove(id, () => undefined)
  }

  async images(): Promise<readonly Image[]> {
    return (await Array.fromAsync(this.catalogue.exportImages())).flat()
  }

  async read(image: Image): Promise<string | undefined> {
    const data = await this.#data.service.files.open(image)
    if (data === undefined) return undefined
    return Buffer.concat(await Array.fromAsync(data.read(0, data.sizeBytes))).toString()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#data.close()
    this.database.close()
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

export function fileOf(folder: string, { id, checksum }: Pick<Image, 'id' | 'checksum'>): string {
  return join(folder, NAMES.images, `${id}.${checksum}`)
}

export function back(source: string, target: string, mayLink = true): Promise<Written> {
  return backUp({ source, target, names: NAMES, mayLink, withHashes: true, watch: WATCH })
}

export function bring(source: string, target: string, moveAsideTo?: string): Promise<Restored> {
  const options = { source, target, names: NAMES, mayLink: true, withHashes: true, watch: WATCH }
  return restore({ ...options, moveAsideTo })
}

export function check(folder: string, mayLackFiles = false): Promise<CheckReport> {
  const manifest = readManifest(folder)
  const isStill = manifest !== undefined
  const options = { folder, names: NAMES, isStill, withHashes: true, watch: WATCH }
  return checkFolder({ ...options, mayLackFiles }, manifest)
}
