import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

const OWNER_ONLY = 0o700

/**
 * Makes the data folder, and those above it, if they are missing. Not by `recursive: true`: that
 * never returns where the system makes no folders, as under /proc.
 */
export function makeDataFolder(path: string): void {
  if (existsSync(path)) return
  makeDataFolder(dirname(path))
  try {
    mkdirSync(path, { mode: OWNER_ONLY })
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
