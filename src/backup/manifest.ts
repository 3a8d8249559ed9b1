import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileTroubleOf } from '../file-trouble/file-trouble.ts'
import { BackupFailure } from './failure.ts'

/** Its presence makes a folder a backup. */
export const MANIFEST = 'backup.json'

const FORMAT = 1
const OWNER_ONLY = 0o600
/** It holds a few numbers. */
const BYTES_MAX = 64 * 1024

/** What a backup says of itself. */
export interface Manifest {
  readonly format: number
  /** When its moment was, in ISO 8601. */
  readonly createdAt: string
  readonly images: number
  /** Image files, and their bytes. */
  readonly files: number
  readonly bytes: number
  /** Images whose rows name data that was nowhere, as of an import of documents. */
  readonly withoutFile: number
}

export function writeManifest(folder: string, manifest: Omit<Manifest, 'format'>): void {
  const text = `${JSON.stringify({ format: FORMAT, ...manifest }, null, 2)}\n`
  writeFileSync(join(folder, MANIFEST), text, { flag: 'wx', mode: OWNER_ONLY, flush: true })
}

/** @returns undefined where the folder is no backup @throws BackupFailure, FileTrouble */
export function readManifest(folder: string): Manifest | undefined {
  const file = join(folder, MANIFEST)
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) return undefined
  if (found.size > BYTES_MAX) throw damaged(file)
  const manifest = parse(file)
  if (typeof manifest.format === 'number' && manifest.format > FORMAT) {
    throw new BackupFailure(`${folder} was made by a newer Afterimage; restore it with that one`)
  }
  const counts = [manifest.images, manifest.files, manifest.bytes, manifest.withoutFile]
  if (manifest.format !== FORMAT || !counts.every(Number.isSafeInteger)) throw damaged(file)
  return manifest as Manifest
}

function parse(file: string): Partial<Manifest> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return typeof value === 'object' && value !== null ? value : {}
  } catch (error) {
    throw fileTroubleOf(error, file) ?? damaged(file)
  }
}

function damaged(file: string): BackupFailure {
  return new BackupFailure(`${file} is damaged; use another backup`)
}
