import { readdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataName } from './image-files.ts'

/** Names in the folder of image files. */

export const STAGED = 'staged'
export const INCOMING = 'incoming'
/** In a claim's folder. */
export const RECEIVED = 'data'

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const PUBLISHED = /^([0-9a-f-]{36})\.([0-9a-f]{32})$/
const MD5 = /^[0-9a-f]{32}$/

/** Ids stand in paths: only what is one becomes one. */
export function isId(text: string): boolean {
  return ID.test(text)
}

/** undefined for an image without bytes of its own, or with an invalid checksum. */
export function publishedFile(folder: string, { id, checksum }: DataName): string | undefined {
  if (!isId(id) || checksum === null || !MD5.test(checksum)) return undefined
  return join(folder, `${id}.${checksum}`)
}

export function readPublishedName(name: string): { id: string; checksum: string } | undefined {
  const [, id = '', checksum = ''] = PUBLISHED.exec(name) ?? []
  return isId(id) ? { id, checksum } : undefined
}

/** What is in a folder; nothing if it has gone: a claim may end, and a process leave, meanwhile. */
export function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Makes names that were made, moved or removed in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  await folder.sync()
}
