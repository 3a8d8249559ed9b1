import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { ImageStore } from '../catalogue/catalogue.ts'
import type { Config } from '../config/config.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Database, DatabaseOptions } from '../database/database.ts'
import { FileTrouble, fileTroubleOf } from '../file-trouble/file-trouble.ts'
import type { Administration } from '../identity/local/administration.ts'
import { inDataFolder } from '../server/data-folder.ts'
import { CommandFailure } from './failure.ts'
import { showRenewing } from './renewing.ts'
import type { Terminal } from './terminal.ts'

/**
 * The data folder's database; a process may be serving it at the same time.
 * @throws DatabaseRefused, FileTrouble
 */
async function openDatabase(config: Config, options: DatabaseOptions = {}): Promise<Database> {
  const { DATABASE_FILE } = await import('../server/serve.ts')
  const { Database } = await import('../database/database.ts')
  return new Database(join(config.data, DATABASE_FILE), options)
}

/** The same, only to be read where it cannot be written. */
async function openToRead(config: Config): Promise<Database> {
  try {
    return await openDatabase(config)
  } catch (error) {
    if (!(error instanceof FileTrouble) || !UNWRITABLE.has(error.code)) throw error
    return openDatabase(config, { isReadOnly: true })
  }
}

const UNWRITABLE: ReadonlySet<string> = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOSPC'])

/**
 * The same; on an empty data folder makes the users that every start of `serve` makes, so that the
 * commands may come in any order.
 */
async function openToAdd(loaded: LoadedConfig, { stderr }: Terminal): Promise<Database> {
  const { data } = loaded.config
  const { openAccounts } = await import('../server/serve.ts')
  const { CLOUDS_YAML } = await import('../identity/local/clouds-yaml.ts')
  const { database, firstAccounts } = await inDataFolder(data, () => openAccounts(loaded))
  if (firstAccounts !== undefined) {
    stderr.write(
      `made the projects and users admin and demo; passwords are in ${join(data, CLOUDS_YAML)}\n`,
    )
  }
  return database
}

/** Whether there is a catalogue in the data folder. @throws FileTrouble where that cannot be told */
export async function hasCatalogue(config: Config): Promise<boolean> {
  const { DATABASE_FILE } = await import('../server/serve.ts')
  try {
    statSync(join(config.data, DATABASE_FILE))
    return true
  } catch (error) {
    const trouble = fileTroubleOf(error, config.data)
    if (trouble !== undefined && trouble.code !== 'ENOENT') throw trouble
    return false
  }
}

/** @throws CommandFailure where there is no catalogue */
export async function refuseEmpty(config: Config): Promise<void> {
  if (await hasCatalogue(config)) return
  throw new CommandFailure(
    `there is no catalogue in ${config.data}: give --data DIR, or start "afterimage serve" first`,
  )
}

/**
 * Lets `work` have the images in the data folder: to `read` those that are there, where they may be
 * written or not, or to `make` the folder if it is missing.
 */
export async function withImages<T>(
  config: Config,
  terminal: Terminal,
  mode: 'make' | 'read',
  work: (store: ImageStore) => Promise<T>,
): Promise<T> {
  const { openSqliteCatalogue } = await import('../catalogue/sqlite/sqlite-catalogue.ts')
  if (mode === 'read') await refuseEmpty(config)
  using database = await (mode === 'read'
    ? openToRead(config)
    : inDataFolder(config.data, () => openDatabase(config)))
  return await work(openSqliteCatalogue(database, { onRenewing: showRenewing(terminal) }))
}

/**
 * Lets `work` change the projects and users in the data folder; `make` makes the folder and the first
 * accounts if they are missing.
 */
export async function withAccounts<T>(
  loaded: LoadedConfig,
  terminal: Terminal,
  mode: 'make' | 'existing',
  work: (accounts: Administration) => T | Promise<T>,
): Promise<T> {
  const { Administration } = await import('../identity/local/administration.ts')
  if (mode === 'existing') await refuseEmpty(loaded.config)
  using database = await (mode === 'existing'
    ? openToRead(loaded.config)
    : openToAdd(loaded, terminal))
  return await work(new Administration(database))
}
