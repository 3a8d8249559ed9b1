import type { GlanceStatus } from '../src/image/image.ts'
import type { ImageQuery } from '../src/image/query.ts'
import { parseTime } from '../src/image/time.ts'
import type { ImageDocument } from '../suites/import/generate.ts'
import { benchDocument, COMMON_NAME, LATEST_AT, REVISITED_AT } from './documents.ts'

/** A filter whose rows are counted. */
export interface Filter {
  readonly name: string
  /** One equality filter at most: the rows examined must be bounded by the page. */
  readonly isEquality: boolean
  query(size: number): ImageQuery
}

const SAVING: readonly GlanceStatus[] = ['queued', 'saving']
const ACTIVE: readonly GlanceStatus[] = ['active']

function property(key: string, value: string): ImageQuery {
  return { properties: new Map([[key, value]]) }
}

function since(time: unknown): ImageQuery {
  return { changesSince: parseTime(String(time)) ?? Number.NaN }
}

/** An image that every kind of viewer sees, near the middle of the list. */
function middleImage(size: number): ImageDocument {
  for (let n = Math.floor(size / 2); ; n += 1) {
    const image = benchDocument(n, size)
    if (image['visibility'] === 'public' && image['os_hidden'] === false) return image
  }
}

export const EQUALITY_FILTERS: readonly Filter[] = [
  { name: 'none', query: () => ({}) },
  { name: 'name, one image', query: (size: number) => ({ name: `${middleImage(size)['name']}` }) },
  { name: 'name, 2% of all, private', query: () => ({ name: COMMON_NAME }) },
  { name: 'name, no image', query: () => ({ name: 'nobody has it' }) },
  { name: 'status, most images', query: () => ({ statuses: ACTIVE }) },
  { name: 'status, two in one word', query: () => ({ statuses: SAVING }) },
  { name: 'status, no image', query: () => ({ statuses: ['killed'] as const }) },
  { name: 'minRam, an eighth', query: () => ({ minRamMib: 512 }) },
  { name: 'minDisk, 2%', query: () => ({ minDiskGib: 10 }) },
  { name: 'type, a quarter', query: () => property('image_type', 'snapshot') },
  { name: 'property, most images', query: () => property('os_type', 'linux') },
  {
    name: 'server, one image',
    query: (size: number) => property('instance_uuid', `${middleImage(size)['instance_uuid']}`),
  },
].map((filter) => ({ ...filter, isEquality: true }))

const LINUX_X86 = { properties: new Map([...linux(), ['architecture', 'x86_64']]) }
const WINDOWS_SCSI = {
  properties: new Map([
    ['os_type', 'windows'],
    ['hw_disk_bus', 'scsi'],
  ]),
}

function linux(): [string, string][] {
  return [['os_type', 'linux']]
}

/** `changes-since` and combinations, by how their matches are distributed over the list. */
export const SPREAD_FILTERS: readonly Filter[] = [
  { name: 'since: no update', query: () => since('2040-01-01T00:00:00Z') },
  { name: 'since: the latest 20 updates', query: () => since(LATEST_AT) },
  {
    name: 'since: the newest tenth',
    query: (size: number) => since(benchDocument(Math.floor(size * 0.9), size)['created_at']),
  },
  { name: 'since: everything', query: () => since('2000-01-01T00:00:00Z') },
  {
    name: 'since: many, but the oldest images (worst)',
    query: () => since(REVISITED_AT),
  },
  {
    name: 'since (worst) and a common status',
    query: () => ({ ...since(REVISITED_AT), statuses: ACTIVE }),
  },
  { name: 'two common, often together', query: () => LINUX_X86 },
  {
    name: 'one image, and common',
    query: (size: number) => ({ name: `${middleImage(size)['name']}`, ...LINUX_X86 }),
  },
  { name: 'two common, never together (worst)', query: () => WINDOWS_SCSI },
  {
    name: 'numbers that never meet (worst)',
    query: () => ({ minRamMib: 512, minDiskGib: 10, statuses: ACTIVE }),
  },
].map((filter) => ({ ...filter, isEquality: false }))
