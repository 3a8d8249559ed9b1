import { after } from 'node:test'
import { MemoryCatalogue } from '../../src/catalogue/memory/memory-catalogue.ts'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import { contract, NOW } from './contract.ts'

const databases: Database[] = []
after(() => {
  for (const database of databases) database.close()
})

contract({
  name: 'in memory',
  open: async (images) => {
    const catalogue = new MemoryCatalogue(() => NOW)
    await catalogue.putImages(images)
    return catalogue
  },
})

contract({
  name: 'SQLite',
  open: async (images) => {
    const database = new Database(':memory:')
    databases.push(database)
    const catalogue = openSqliteCatalogue(database, { now: () => NOW })
    await catalogue.putImages(images)
    return catalogue
  },
})
