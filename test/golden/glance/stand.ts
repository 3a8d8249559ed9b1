import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, BlockList } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { imageFace } from '../../../src/api/image/face.ts'
import { openSqliteCatalogue } from '../../../src/catalogue/sqlite/sqlite-catalogue.ts'
import { Database } from '../../../src/database/database.ts'
import type { Caller, Identity } from '../../../src/identity/identity.ts'
import { ImageFolder } from '../../../src/image-data/data-folder.ts'
import type { Presence } from '../../../src/image-data/presence.ts'
import { createHttpServer } from '../../../src/server/http-server.ts'
import type { World } from './placeholders.ts'

const BEGAN_AT_SECONDS = 1_780_000_000

const PARTIES: World['parties'] = {
  member: { token: 'token-of-member', project: '0f3c5a9d7b1e4c2a8d6f0e1b2c3d4e5f' },
  reader: { token: 'token-of-reader', project: '0f3c5a9d7b1e4c2a8d6f0e1b2c3d4e5f' },
  other: { token: 'token-of-other', project: '1a2b3c4d5e6f708192a3b4c5d6e7f809' },
  admin: { token: 'token-of-admin', project: '2b3c4d5e6f708192a3b4c5d6e7f8091a' },
}
const ROLES: Readonly<Record<keyof World['parties'], readonly string[]>> = {
  member: ['member', 'reader'],
  reader: ['reader'],
  other: ['member', 'reader'],
  admin: ['admin', 'member', 'reader'],
}

/** The recording's callers; which tokens are good is not what is tested here. */
const users: Identity = {
  async authenticate(token): Promise<Caller | undefined> {
    for (const [name, roles] of Object.entries(ROLES)) {
      const party = PARTIES[name as keyof World['parties']]
      if (party.token !== token) continue
      return {
        userId: name,
        projectId: party.project,
        roles,
        isAdmin: roles.includes('admin'),
        mayWrite: roles.includes('member'),
        expiresAtMs: Number.POSITIVE_INFINITY,
      }
    }
    return undefined
  },
}

/** The image face over an embedded catalogue, with the recording's callers. */
export interface Stand extends AsyncDisposable {
  readonly world: World
  /** Lets a second pass. */
  tick(): void
  /** Removes every image. */
  clear(): Promise<void>
}

export async function openStand(): Promise<Stand> {
  const folder = await mkdtemp(join(tmpdir(), 'afterimage-glance-'))
  const database = new Database(':memory:')
  let seconds = BEGAN_AT_SECONDS
  const now = () => seconds
  const catalogue = openSqliteCatalogue(database, { now })
  const name = randomUUID()
  const presence: Presence = {
    name,
    exclusively: async (work) => work(),
    isAlive: (n) => n === name,
    names: () => [name],
    forget() {},
  }
  const files = await ImageFolder.open(join(folder, 'images'), presence, {
    sizeBytesMax: Number.POSITIVE_INFINITY,
    freeBytesMin: 0,
    uploadsMax: 100,
  })
  const face = imageFace({
    catalogue,
    now,
    data: { files, requireFormatMatch: false, putRightLater() {}, warn() {} },
    users,
    baseUrl: { publicUrl: undefined, trustedProxies: new BlockList() },
    identity: { publicUrl: 'http://keystone.test:5000', port: () => 5000 },
  })
  const app = createHttpServer(face, pino({ level: 'silent' }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return {
    world: {
      parties: PARTIES,
      base: `http://127.0.0.1:${port}`,
      keystone: 'http://keystone.test:5000',
      run: 'abcdef01',
    },
    tick() {
      seconds += 1
    },
    async clear() {
      const images = []
      for await (const batch of catalogue.exportImages()) images.push(...batch)
      for (const image of images) {
        await catalogue.remove(image.id, () => {})
        for (const checksum of [image.checksum ?? undefined, undefined]) {
          await files.free({ id: image.id, checksum }, async () => false)
        }
      }
    },
    async [Symbol.asyncDispose]() {
      await app.close()
      database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
