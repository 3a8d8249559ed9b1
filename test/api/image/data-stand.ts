import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, BlockList } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { imageFace } from '../../../src/api/image/face.ts'
import { answerCloudimages } from '../../../src/api/ims/list.ts'
import type { ManagedCatalogue } from '../../../src/catalogue/managed-catalogue.ts'
import { openSqliteCatalogue } from '../../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../../src/database/database.ts'
import type { Image } from '../../../src/image/image.ts'
import { createHttpServer } from '../../../src/server/http-server.ts'
import { type ImageDataSettings, openImageData } from '../../../src/server/image-data.ts'
import type { ServerLimits } from '../../../src/server/limits.ts'
import { dataFiles } from '../../image-data/files.ts'
import { PROJECT, type Served, users } from './serve.ts'

/** The image face with image files in a folder of its own. */
export interface DataStand extends Served {
  readonly catalogue: ManagedCatalogue
  /** What was logged. */
  readonly warnings: string[]
  /** Every file below `images/`, but the claims' folders. */
  files(): Promise<readonly string[]>
  image(id: string): Promise<Image>
}

const SETTINGS: ImageDataSettings = {
  sizeBytesMax: 1024 * 1024 * 1024,
  freeBytesMin: 0,
  uploadsMax: 100,
  requireFormatMatch: false,
}

export async function openDataStand(
  settings: Partial<ImageDataSettings> = {},
  limits: Partial<ServerLimits> = {},
): Promise<DataStand> {
  const folder = await mkdtemp(join(tmpdir(), 'afterimage-data-'))
  const stand = await openStandOver(folder, settings, limits)
  const close = async () => {
    await stand.close()
    await rm(folder, { recursive: true })
  }
  return { ...stand, close }
}

/** As another process of this data folder would have it. */
export async function openStandOver(
  folder: string,
  settings: Partial<ImageDataSettings> = {},
  limits: Partial<ServerLimits> = {},
): Promise<DataStand> {
  const database = new Database(join(folder, 'afterimage.db'))
  const warnings: string[] = []
  const logger = pino({ level: 'warn' }, { write: (line) => warnings.push(line) })
  const bare = openSqliteCatalogue(database)
  const data = await openImageData(folder, bare, { ...SETTINGS, ...settings }, logger)
  const face = imageFace({
    catalogue: data.catalogue,
    users,
    now: () => Math.floor(Date.now() / 1000),
    data: data.service,
    cloudimages: answerCloudimages,
    baseUrl: { publicUrl: undefined, trustedProxies: new BlockList() },
    identity: { publicUrl: undefined, port: () => 5000 },
  })
  const app = createHttpServer(face, logger, limits)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    port: (app.server.address() as AddressInfo).port,
    catalogue: data.catalogue,
    warnings,
    files: () => dataFiles(folder),
    image: async (id) => {
      const image = await data.catalogue.find(id)
      if (image === undefined) throw new Error(`there is no image ${id}`)
      return image
    },
    close: async () => {
      app.server.closeAllConnections()
      await app.close()
      await data.close()
      database.close()
    },
  }
}

let made = 0

/** Stores a queued image of PROJECT, of a new id unless `fields` have one. */
export async function makeQueued(
  { catalogue }: DataStand,
  fields: Partial<Image> = {},
): Promise<string> {
  made += 1
  const id = `00000000-0000-4000-8000-${made.toString(16).padStart(12, '0')}`
  await catalogue.create({
    id,
    name: `image ${made}`,
    status: 'queued',
    visibility: 'shared',
    owner: PROJECT,
    isHidden: false,
    isProtected: false,
    minRamMib: 0,
    minDiskGib: 0,
    sizeBytes: null,
    virtualSizeBytes: null,
    diskFormat: 'raw',
    containerFormat: 'bare',
    checksum: null,
    hashAlgorithm: null,
    hashValue: null,
    createdAt: 1_700_000_000,
    updatedAt: 1_700_000_000,
    tags: [],
    properties: new Map(),
    members: [],
    ...fields,
  })
  return id
}

/** Waits until the condition holds. */
export async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  const deadlineMs = performance.now() + 5000
  while (!(await what())) {
    if (performance.now() > deadlineMs) throw new Error('it did not come to be so')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
