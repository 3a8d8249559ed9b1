import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { BASE_PROPERTIES } from '../../src/image/base-properties.ts'
import { formsOfTime } from '../../test/golden/records.ts'
import type { Cloud, ProjectName, UserName } from './cloud.ts'
import { deleteAllImages, type GlanceApi, glanceApi } from './glance-api.ts'

/** So that the images' times are not all the same second. */
const GAP_MS = 200
const FILE = new URL('../../test/golden/images.json', import.meta.url)

interface Recorded {
  readonly label: string
  readonly image: Readonly<Record<string, unknown>> & {
    readonly status: string
    readonly visibility: string
    readonly owner: string
    readonly size: number | null
  }
  readonly members: readonly { readonly member: string; readonly status: string }[]
}

interface Owner {
  readonly user: UserName
  readonly project: ProjectName
}

const OWNERS: Readonly<Record<string, Owner>> = {
  '{project}': { user: 'demo', project: 'demo' },
  '{project:alt}': { user: 'alt_demo', project: 'alt' },
}

/**
 * Empties the cloud's Glance and fills it with the images that Nova's recorded answers are about,
 * through its API and by those who own them. Ids and times are new: ids grow from image to image,
 * so that the list's order is the recorded one also within a second.
 * @returns `{image:LABEL}` and the times' placeholders, with what they stand for
 */
export async function seedRecordedImages(cloud: Cloud): Promise<ReadonlyMap<string, string>> {
  const admin = await cloud.token('admin', 'admin')
  await deleteAllImages(cloud.glanceUrl, admin)
  const tokens = new Map<string, string>()
  for (const [owner, { user, project }] of Object.entries(OWNERS)) {
    tokens.set(owner, await cloud.token(user, project))
  }
  const glance = glanceApi(cloud.glanceUrl)
  const projects = new Map([
    ['{project}', cloud.projects.demo],
    ['{project:alt}', cloud.projects.alt],
  ])
  const placeholders = new Map<string, string>()
  const recorded = JSON.parse(readFileSync(FILE, 'utf8')) as readonly Recorded[]
  for (const [index, one] of recorded.entries()) {
    const id = (index + 1).toString(16).padStart(8, '0') + randomUUID().slice(8)
    await makeImage(glance, one, { id, index, admin, tokens, projects })
    const made = await glance.call('GET', `/images/${id}`, admin)
    const updated = String(made['updated_at'])
    placeholders.set(`{image:${one.label}}`, id)
    placeholders.set(`{time:${one.label}}`, updated)
    placeholders.set(`{timeno:${one.label}}`, updated.slice(0, -1))
    await setTimeout(GAP_MS)
  }
  for (const [name, value] of Object.entries(formsOfTime(placeholders.get('{time:twin1}') ?? ''))) {
    placeholders.set(name, value)
  }
  return placeholders
}

interface Making {
  readonly id: string
  readonly index: number
  readonly admin: string
  /** By the owner's placeholder. */
  readonly tokens: ReadonlyMap<string, string>
  readonly projects: ReadonlyMap<string, string>
}

async function makeImage(
  glance: GlanceApi,
  { image, members }: Recorded,
  { id, index, admin, tokens, projects }: Making,
): Promise<void> {
  const token = tokens.get(image.owner) ?? ''
  await glance.call('POST', '/images', token, { ...created(image, projects), id })
  const bytes = new Uint8Array(image.size ?? 0).fill(index)
  if (image.status === 'uploading') await glance.call('PUT', `/images/${id}/stage`, token, bytes)
  else if (image.status !== 'queued') await glance.call('PUT', `/images/${id}/file`, token, bytes)
  if (image['os_hidden'] === true) await glance.patch(id, token, '/os_hidden', true)
  if (image.visibility === 'public') await glance.patch(id, admin, '/visibility', 'public')
  for (const { member, status } of members) {
    const path = `/images/${id}/members`
    await glance.call('POST', path, token, { member: projects.get(member) })
    if (status === 'pending') continue
    const theirs = `${path}/${projects.get(member)}`
    await glance.call('PUT', theirs, tokens.get(member) ?? '', { status })
  }
  if (image.status === 'deactivated') {
    await glance.call('POST', `/images/${id}/actions/deactivate`, admin)
  }
}

/** What its owner sends to make the image: free properties, and what may be set of the others. */
function created(image: Recorded['image'], projects: ReadonlyMap<string, string>): object {
  const settable = ['name', 'disk_format', 'container_format', 'protected', 'min_ram', 'min_disk']
  const own = Object.entries(image).filter(
    ([key]) => settable.includes(key) || key === 'tags' || !BASE_PROPERTIES.has(key),
  )
  // Only an administrator publishes.
  const visibility = image.visibility === 'public' ? 'private' : image.visibility
  const fields = own.map(([key, value]) => [key, projects.get(String(value)) ?? value])
  return { ...Object.fromEntries(fields), visibility }
}
