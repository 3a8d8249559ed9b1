import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { ImageDataService } from '../api/image/dependencies.ts'
import type { ManagedCatalogue } from '../catalogue/managed-catalogue.ts'
import { ProcessPresence } from '../database/presence.ts'
import { ImageFolder } from '../image-data/data-folder.ts'
import type { DataLimits } from '../image-data/receive.ts'
import { DataCatalogue } from './data-catalogue.ts'
import { PROCESSES_FOLDER } from './data-folder.ts'
import { DeadProcesses } from './dead-processes.ts'
import { hasData } from './file-of-image.ts'
import { DRAIN_TIMEOUT_MS } from './limits.ts'
import { recoverData, recoverImage } from './recover-data.ts'
import { Repairs } from './repairs.ts'

/** In the data folder. */
export const IMAGES_FOLDER = 'images'

export interface ImageDataSettings extends DataLimits {
  readonly requireFormatMatch: boolean
}

/** Image bytes in the data folder, and the catalogue that frees them with their rows. */
export interface OpenedImageData {
  readonly catalogue: ManagedCatalogue
  readonly service: ImageDataService
  /** Waits a limited time for uploads to end; to be called before the database is closed. */
  close(): Promise<void>
}

/** Opens the folder of image files and puts right what a crash has left. */
export async function openImageData(
  dataFolder: string,
  bare: ManagedCatalogue,
  settings: ImageDataSettings,
  logger: FastifyBaseLogger,
): Promise<OpenedImageData> {
  const presence = new ProcessPresence(join(dataFolder, PROCESSES_FOLDER))
  try {
    const files = await ImageFolder.open(join(dataFolder, IMAGES_FOLDER), presence, settings)
    const nowSeconds = () => Math.floor(Date.now() / 1000)
    const recover = async (sweep: 'all' | 'claimed') => {
      const recovery = await recoverData(bare, files, nowSeconds, sweep)
      await files.forgetTheDead()
      if (Object.values(recovery).every((what) => what === 0 || what.length === 0)) return
      logger.warn(recovery, 'put right what an earlier end in the midst of work had left')
    }
    await recover('all')
    const deadProcesses = new DeadProcesses(() => recover('claimed'), logger)
    const catalogue = new DataCatalogue(bare, files, (err, image) => {
      logger.error({ err, image }, 'bytes of a deleted image could not be removed')
    })
    const repairs = new Repairs(async (id, claim) => {
      await recoverImage(bare, files, id, nowSeconds())
      if (!hasData(await bare.find(id))) await claim.discard()
    }, logger)
    const close = async () => {
      const background = [repairs[Symbol.asyncDispose](), deadProcesses[Symbol.asyncDispose]()]
      const ended = Promise.all(background).then(() => files.close())
      // What is cut off here the next start puts right.
      await Promise.race([ended, sleep(DRAIN_TIMEOUT_MS, undefined, { ref: false })])
      files.leave()
      presence.close()
    }
    const warn: ImageDataService['warn'] = (details, message) => logger.warn(details, message)
    const { requireFormatMatch } = settings
    const putRightLater: ImageDataService['putRightLater'] = (id, claim) => repairs.add(id, claim)
    return { catalogue, service: { files, requireFormatMatch, putRightLater, warn }, close }
  } catch (error) {
    presence.close()
    throw error
  }
}
