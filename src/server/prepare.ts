import { openSqliteCatalogue } from '../catalogue/sqlite/sqlite-catalogue.ts'
import { inDataFolder } from './data-folder.ts'
import { openImageData } from './image-data.ts'
import { openLedger } from './ledger.ts'
import { fillEmpty, openAccounts, type StartOptions } from './serve.ts'

/** What a start made. */
export interface Prepared {
  /** How many example images it stored. */
  readonly exampleImages: number
}

/**
 * Does what a start does once, however many processes serve the folder afterwards: makes the folder
 * and brings it up to date, makes the first users and the example images, and puts right what a
 * crash has left. Nothing stays open.
 * @throws DatabaseRefused, LedgerRefused, FileTrouble, CloudsYamlRefused, AdministrationError
 */
export async function prepareData(options: StartOptions): Promise<Prepared> {
  const { config, logger, onRenewing } = options
  const { database } = await inDataFolder(config.data, () => openAccounts(options))
  try {
    const catalogue = openSqliteCatalogue(database, onRenewing === undefined ? {} : { onRenewing })
    const exampleImages = options.withExample ? await fillEmpty(catalogue, database) : 0
    const imageData = await openImageData(config.data, catalogue, config.image, logger)
    await imageData.close()
    openLedger(config, logger)?.close()
    return { exampleImages }
  } finally {
    database.close()
  }
}
