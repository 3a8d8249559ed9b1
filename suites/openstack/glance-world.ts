import type { Asker, Catalogue, ImageList } from '../../src/catalogue/catalogue.ts'
import { openGlance } from '../../src/catalogue/glance/glance-catalogue.ts'
import type { Image } from '../../src/image/image.ts'
import type { Viewer } from '../../src/image/visibility.ts'
import { Upstream } from '../../src/upstream/upstream.ts'
import { type Cloud, startCloud } from './cloud.ts'
import { openGlanceDatabase, type TableRow, timeColumn } from './glance-database.ts'

/**
 * A real Glance that holds just the images it is given, with the times, owners and states that they
 * say. Its API does not let a caller set these, so they are written into its database; everything
 * is read through its API.
 */
export interface GlanceWorld extends AsyncDisposable {
  readonly cloud: Cloud
  readonly upstream: Upstream
  /** Empties the Glance and puts these in it. */
  fill(images: readonly Image[]): void
  /** The catalogue under test. Viewers' projects are the tests' names, `own` and `other`. */
  readonly catalogue: Catalogue
  askerOf(viewer: Viewer): Asker
}

/** The cloud's project for each of the tests' names. */
const PROJECTS = { own: 'demo', other: 'alt', operators: 'admin' } as const

export async function glanceWorld(): Promise<GlanceWorld> {
  const cloud = await startCloud()
  const upstream = new Upstream({ name: 'Glance', urls: [cloud.glanceUrl] })
  const database = openGlanceDatabase(cloud)
  const unmake = await makeAdmin(cloud)
  const tokens = new Map([
    ['own', await cloud.token('demo', 'demo')],
    ['other', await cloud.token('alt_demo', 'alt')],
    ['own admin', await cloud.token('admin', 'demo')],
    ['operators admin', await cloud.token('admin', 'admin')],
    ['unscoped', await cloud.token('demo')],
  ])
  const idOfName = new Map<string, string>(
    Object.entries(PROJECTS).map(([name, project]) => [name, cloud.projects[project]]),
  )
  const nameOfId = new Map([...idOfName].map(([name, id]) => [id, name]))
  const askerOf = ({ project, isAdmin }: Viewer): Asker => {
    const token = tokens.get(`${project}${isAdmin ? ' admin' : ''}`) ?? tokens.get('unscoped') ?? ''
    const projectId = project === null ? null : (idOfName.get(project) ?? project)
    const roles = [isAdmin ? 'admin' : 'member']
    return { token, userId: 'test', projectId, roles, requestId: `req-${crypto.randomUUID()}` }
  }
  const catalogueFor = openGlance(upstream, { areViewersKnown: true })
  const names = {
    real: (viewer: Viewer): Viewer => ({ ...viewer, project: askerOf(viewer).projectId }),
    told: (image: Image): Image => ({
      ...image,
      owner: image.owner && (nameOfId.get(image.owner) ?? image.owner),
    }),
  }
  return {
    cloud,
    upstream,
    askerOf,
    fill: (images) => {
      database.empty()
      database.put(images.flatMap((image) => rowsOf(image, (name) => idOfName.get(name) ?? name)))
    },
    catalogue: {
      list: (viewer, query, window) =>
        renamed(catalogueFor(askerOf(viewer)).list(names.real(viewer), query, window), names.told),
      get: async (viewer, id) =>
        names.told(await catalogueFor(askerOf(viewer)).get(names.real(viewer), id)),
      changeProperties: async (viewer, id, change) => {
        const asked = catalogueFor(askerOf(viewer))
        return names.told(await asked.changeProperties(names.real(viewer), id, change))
      },
      delete: (viewer, id) => catalogueFor(askerOf(viewer)).delete(names.real(viewer), id),
      version: () => undefined,
    },
    [Symbol.asyncDispose]: async () => {
      database.empty() // its API could not delete all that was written past it
      await unmake()
      database.close()
      await upstream.close()
      await cloud.stop()
    },
  }
}

async function* renamed(list: ImageList, told: (image: Image) => Image): ImageList {
  for await (const batch of list) yield batch.map(told)
}

/** Lets the user admin be admin in the project demo too. @returns what takes it back */
async function makeAdmin(cloud: Cloud): Promise<() => Promise<void>> {
  const headers = { 'X-Auth-Token': await cloud.token('admin', 'admin') }
  const idOf = async (kind: 'roles' | 'users') => {
    const found = await fetch(`${cloud.keystoneUrl}/v3/${kind}?name=admin`, { headers })
    const body = (await found.json()) as Record<string, readonly { id: string }[]>
    return body[kind]?.[0]?.id
  }
  const [user, role] = [await idOf('users'), await idOf('roles')]
  const grant = `projects/${cloud.projects.demo}/users/${user}/roles/${role}`
  const set = async (method: 'PUT' | 'DELETE') => {
    const { ok, status } = await fetch(`${cloud.keystoneUrl}/v3/${grant}`, { method, headers })
    if (!ok) throw new Error(`Keystone answered ${status} to ${method} ${grant}`)
  }
  await set('PUT')
  return () => set('DELETE')
}

function rowsOf(image: Image, idOf: (project: string) => string): readonly TableRow[] {
  const times = {
    created_at: timeColumn(image.createdAt),
    updated_at: timeColumn(image.updatedAt),
  }
  const isGone = image.status === 'deleted' || image.status === 'pending_delete'
  const row: TableRow['values'] = {
    id: image.id,
    name: image.name,
    size: image.sizeBytes,
    status: image.status,
    ...times,
    deleted_at: isGone ? timeColumn(image.updatedAt) : null,
    deleted: isGone ? 1 : 0,
    disk_format: image.diskFormat,
    container_format: image.containerFormat,
    checksum: image.checksum,
    owner: image.owner && idOf(image.owner),
    min_disk: image.minDiskGib,
    min_ram: image.minRamMib,
    protected: image.isProtected ? 1 : 0,
    virtual_size: image.virtualSizeBytes,
    visibility: image.visibility,
    os_hidden: image.isHidden ? 1 : 0,
    os_hash_algo: image.hashAlgorithm,
    os_hash_value: image.hashValue,
  }
  const of = { image_id: image.id, ...times, deleted: 0 }
  const rows: TableRow[] = [{ table: 'images', values: row }]
  for (const [name, value] of image.properties) {
    rows.push({ table: 'image_properties', values: { ...of, name, value } })
  }
  for (const value of image.tags) rows.push({ table: 'image_tags', values: { ...of, value } })
  for (const { project, status } of image.members) {
    const member = { member: idOf(project), can_share: 0, status }
    rows.push({ table: 'image_members', values: { ...of, ...member } })
  }
  return rows
}
