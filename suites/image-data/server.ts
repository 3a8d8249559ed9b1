import { type AddressInfo, BlockList } from 'node:net'
import { join } from 'node:path'
import { pino } from 'pino'
import { imageFace } from '../../src/api/image/face.ts'
import { answerCloudimages } from '../../src/api/ims/list.ts'
import { openSqliteCatalogue } from '../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../src/database/database.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { createHttpServer } from '../../src/server/http-server.ts'
import { type ImageDataSettings, openImageData } from '../../src/server/image-data.ts'

/**
 * The image face over a data folder: `node server.ts FOLDER [SETTINGS]`. It says `listening PORT`, answers
 * `memory` on its stdin with `rss BYTES`, and takes whoever asks for a member of PROJECT.
 */

const PROJECT = 'd9ebe43510414ef590a4aa158605329e'
const [folder = '', given = '{}'] = process.argv.slice(2)

const users: Identity = {
  authenticate: async () => ({
    userId: 'u',
    projectId: PROJECT,
    roles: ['member'],
    isAdmin: false,
    mayWrite: true,
    expiresAtMs: Number.POSITIVE_INFINITY,
  }),
}

const database = new Database(join(folder, 'afterimage.db'))
const logger = pino({ level: 'error' }, pino.destination(2))
const settings = {
  ...{ sizeBytesMax: 2 ** 40, freeBytesMin: 0, uploadsMax: 100, requireFormatMatch: false },
  ...(JSON.parse(given) as Partial<ImageDataSettings>),
}
const data = await openImageData(folder, openSqliteCatalogue(database), settings, logger)
const face = imageFace({
  catalogue: data.catalogue,
  users,
  now: () => Math.floor(Date.now() / 1000),
  data: data.service,
  cloudimages: answerCloudimages,
  baseUrl: { publicUrl: undefined, trustedProxies: new BlockList() },
  identity: { publicUrl: undefined, port: () => 5000 },
})
const app = createHttpServer(face, logger)
await app.listen({ host: '127.0.0.1', port: 0 })
process.stdout.write(`listening ${(app.server.address() as AddressInfo).port}\n`)
process.stdin.on('data', () => process.stdout.write(`rss ${process.memoryUsage.rss()}\n`))
process.stdin.on('end', () => process.exit())
