import type { Written } from '../backup/backup.ts'
import { printable } from './terminal.ts'

/** What a backup or a restore has written, for people. */
export function printWritten(written: Written): string {
  const { createdAt, images, files, bytes, sharesBytes, withoutFile, midway, hashed } = written
  const shared = sharesBytes ? ', which share their bytes with the source' : ''
  const lines = [
    `${images} images as of ${createdAt}; ${files} image files, ${bytes} bytes${shared}`,
  ]
  if (hashed > 0) lines.push(`the hashes of ${hashed} files are those of their images`)
  if (withoutFile > 0) lines.push(`${withoutFile} images have no file in the source either`)
  if (midway > 0) lines.push(`the data of ${midway} images was coming in; it is not there`)
  return `${lines.join('\n')}\n`
}

export function printLeftOut(names: readonly string[]): string {
  return names.map((name) => `left out, since it is no file: ${printable(name)}\n`).join('')
}
