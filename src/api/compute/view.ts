import { hash } from 'node:crypto'
import type { Image, PropertyValue } from '../../image/image.ts'
import { shownStatus } from '../../image/status.ts'
import { printTime } from '../../image/time.ts'

/**
 * Images as the Compute API prints them. What is the same for every caller is printed once for each
 * image record and kept as long as the record; a request only adds the links. Mirrors
 * nova/api/openstack/compute/views/images.py (ViewBuilder).
 */

/** The beginning of a request's links; `/images/{id}` or `/servers/{id}` follows. */
export interface LinkBases {
  /** `{base}/v2.1/{project}` */
  readonly self: string
  /** `{base}/{project}` */
  readonly bookmark: string
  /** `{image service}/{project}` */
  readonly alternate: string
}

/** The text between the links of one image; every part is finished JSON. */
export interface Printed {
  /** Up to the self link's base. */
  readonly detailHead: string
  readonly briefHead: string
  /** `/images/{id}` and the way to the next base. */
  readonly toBookmark: string
  readonly toAlternate: string
  /** The alternate link's path and the end of the links. */
  readonly linksEnd: string
  /** Set for an image of a server: the texts before, between and after the server's two links. */
  readonly server: ServerParts | undefined
  readonly detailTail: string
}

interface ServerParts {
  readonly toSelf: string
  readonly toBookmark: string
  readonly toEnd: string
}

const printedImages = new WeakMap<Image, Printed>()

/** One image of `images/detail`, or the value of `image` in `images/{id}`. */
export function printImage(image: Image, bases: LinkBases, p = printed(image)): string {
  const links = `${p.detailHead}${bases.self}${p.toBookmark}${bases.bookmark}${p.toAlternate}${bases.alternate}${p.linksEnd}`
  if (p.server === undefined) return links + p.detailTail
  return `${links}${p.server.toSelf}${bases.self}${p.server.toBookmark}${bases.bookmark}${p.server.toEnd}${p.detailTail}`
}

/** One image of `images`: id, name and links. */
export function printBriefImage(image: Image, bases: LinkBases, p = printed(image)): string {
  return `${p.briefHead}${bases.self}${p.toBookmark}${bases.bookmark}${p.toAlternate}${bases.alternate}${p.linksEnd}}`
}

/** An image in a page, as bytes, and a digest of them. */
export interface PrintedBytes {
  readonly bases: LinkBases
  readonly bytes: Buffer
  readonly digest: Buffer
}

const briefBytes = new WeakMap<Image, PrintedBytes>()
const detailBytes = new WeakMap<Image, PrintedBytes>()

/**
 * As `printImage` and `printBriefImage`, in bytes. They are kept beside the record with the links that
 * were last asked for: an image is in many pages of the same caller.
 */
export function printImageBytes(image: Image, bases: LinkBases, isBrief: boolean): PrintedBytes {
  const kept = isBrief ? briefBytes : detailBytes
  const known = kept.get(image)
  if (known !== undefined && isSameBases(known.bases, bases)) return known
  const bytes = Buffer.from(isBrief ? printBriefImage(image, bases) : printImage(image, bases))
  const printed = { bases, bytes, digest: hash('sha256', bytes, 'buffer') }
  kept.set(image, printed)
  return printed
}

function isSameBases(a: LinkBases, b: LinkBases): boolean {
  return a === b || (a.self === b.self && a.bookmark === b.bookmark && a.alternate === b.alternate)
}

/** `{"metadata": {...}}` */
export function printMetadata(properties: ReadonlyMap<string, PropertyValue>): string {
  return `{"metadata":${printProperties(properties)}}`
}

/** `{"meta": {KEY: VALUE}}` */
export function printMetadataItem(key: string, value: PropertyValue): string {
  return `{"meta":{${printPropertyItem(key, value)}}}`
}

function printed(image: Image): Printed {
  let parts = printedImages.get(image)
  if (parts === undefined) {
    parts = printParts(image)
    printedImages.set(image, parts)
  }
  return parts
}

/** The parts anew, for an image that is printed once: they are not kept. */
export function printParts(image: Image, metadata = printProperties(image.properties)): Printed {
  const { status, progressPercent } = shownStatus(image.status)
  const path = JSON.stringify(`/images/${image.id}`).slice(1, -1)
  const id = JSON.stringify(image.id)
  const name = JSON.stringify(image.name)
  const fields = [
    `"id":${id}`,
    `"name":${name}`,
    `"minRam":${image.minRamMib}`,
    `"minDisk":${image.minDiskGib}`,
    `"metadata":${metadata}`,
    `"created":"${printTime(image.createdAt)}"`,
    `"updated":"${printTime(image.updatedAt)}"`,
    `"status":"${status}"`,
    `"progress":${progressPercent}`,
    `"OS-EXT-IMG-SIZE:size":${image.sizeBytes ?? 0}`,
  ]
  const links = '"links":[{"rel":"self","href":"'
  const diskConfig = image.properties.get('auto_disk_config')
  const serverId = image.properties.get('instance_uuid') ?? undefined
  return {
    detailHead: `{${fields.join(',')},${links}`,
    briefHead: `{"id":${id},"name":${name},${links}`,
    toBookmark: `${path}"},{"rel":"bookmark","href":"`,
    toAlternate: `${path}"},{"rel":"alternate","type":"application/vnd.openstack.image","href":"`,
    linksEnd: `${path}"}]`,
    server: serverId === undefined ? undefined : printServer(serverId),
    detailTail: diskConfig === undefined ? '}' : `${printDiskConfig(diskConfig)}}`,
  }
}

/** The id goes into the links unchecked, whatever the property holds, as in Nova. */
function printServer(serverId: string): ServerParts {
  const path = JSON.stringify(`/servers/${serverId}`).slice(1, -1)
  return {
    toSelf: `,"server":{"id":${JSON.stringify(serverId)},"links":[{"rel":"self","href":"`,
    toBookmark: `${path}"},{"rel":"bookmark","href":"`,
    toEnd: `${path}"}]}`,
  }
}

const TRUE_WORDS: ReadonlySet<string> = new Set(['1', 't', 'true', 'on', 'y', 'yes'])

/** Mirrors oslo_utils/strutils.py (bool_from_string): every value that is not true is false. */
function printDiskConfig(value: PropertyValue): string {
  const isAuto = TRUE_WORDS.has(String(value).trim().toLowerCase())
  return `,"OS-DCF:diskConfig":"${isAuto ? 'AUTO' : 'MANUAL'}"`
}

function printProperties(properties: ReadonlyMap<string, PropertyValue>): string {
  const items: string[] = []
  for (const [key, value] of properties) {
    items.push(printPropertyItem(key, value))
  }
  return `{${items.join(',')}}`
}

/** `KEY: VALUE` */
export function printPropertyItem(key: string, value: PropertyValue): string {
  return `${JSON.stringify(key)}:${printProperty(key, value)}`
}

/** Properties whose text is JSON and is shown parsed (nova/image/glance.py, _convert). */
const JSON_PROPERTIES: ReadonlySet<string> = new Set(['block_device_mapping', 'mappings'])

/** Invalid JSON is passed through as text: one bad value must not break every list. */
function printProperty(key: string, value: PropertyValue): string {
  if (value !== null && JSON_PROPERTIES.has(key) && isJson(value)) return value
  return JSON.stringify(value)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
