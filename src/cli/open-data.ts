import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ImageStore } from '../catalogue/catalogue.ts'
import type { Config } from '../config/config.ts'
import type { Database } from '../database/database.ts'
import type { Administration } from '../identity/local/administration.ts'
import { makeDataFolder } from '../server/data-folder.ts'
import { CommandFailure } from './failure.ts'

/** The data folder's database, opened beside whatever process serves it. @throws DatabaseRefused */
async function openDatabase(config: Config): Promise<Database> {
  const { DATABASE_FILE } = await import('../server/serve.ts')
  const { Database } = await import('../database/database.ts')
  return new Database(join(config.data, DATABASE_FILE))
}

async function refuseEmpty(config: Config): Promise<void> {
  const { DATABASE_FILE } = await import('../server/serve.ts')
  if (existsSync(join(config.data, DATABASE_FILE))) return
  throw new CommandFailure(
    `there is no catalogue in ${config.data}: give --data DIR, or start "afterimage serve" first`,
  )
}

/** Lets `work` have the images in the data folder; `make` makes the folder if it is missing. */
export async function withImages<T>(
  config: Config,
  mode: 'make' | 'existing',
  work: (store: ImageStore) => Promise<T>,
): Promise<T> {
  const { openSqliteCatalogue } = await import('../catalogue/sqlite/sqlite-catalogue.ts')
  if (mode === 'make') makeDataFolder(config.data)
  else await refuseEmpty(config)
  using database = await openDatabase(config)
  return await work(openSqliteCatalogue(database))
}

/** Lets `work` change the projects and users in the data folder. */
export async function withAccounts<T>(
  config: Config,
  work: (accounts: Administration) => T | Promise<T>,
): Promise<T> {
  const { Administration } = await import('../identity/local/administration.ts')
  await refuseEmpty(config)
  using database = await openDatabase(config)
  return await work(new Administration(database))
}
