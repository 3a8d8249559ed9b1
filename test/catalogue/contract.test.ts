import { after } from 'node:test'
import { MemoryCatalogue } from '../../src/catalogue/memory/memory-catalogue.ts'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import type { Image } from '../../src/image/image.ts'
import { contract, NOW } from './contract.ts'
import { managedContract } from './managed-contract.ts'

const databases: Database[] = []
after(() => {
  for (const database of databases) database.close()
})

const inMemory = {
  name: 'in memory',
  open: async (images: readonly Image[]) => {
    const catalogue = new MemoryCatalogue(() => NOW)
    await catalogue.putImages(images)
    return catalogue
  },
}
const sqlite = {
  name: 'SQLite',
  open: async (images: readonly Image[]) => {
    const database = new Database(':memory:')
    databases.push(database)
    const catalogue = openSqliteCatalogue(database, { now: () => NOW })
    await catalogue.putImages(images)
    return catalogue
  },
}
for (const subject of [inMemory, sqlite]) {
  contract(subject)
  managedContract(subject)
}
