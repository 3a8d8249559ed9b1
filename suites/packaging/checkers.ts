import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** What reads the Dockerfile and the Kubernetes example: npm packages that the product has no other use for. */

const FOLDER = new URL('checkers/', import.meta.url)
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024

/** Installs them as their lock file says; `npm ci` begins anew, so this is whole or fails. */
export async function installCheckers(): Promise<void> {
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: fileURLToPath(FOLDER),
    maxBuffer: OUTPUT_BYTES_MAX,
  })
}

/** Where a file of an installed package is. */
export function fileOfChecker(path: string): string {
  return fileURLToPath(new URL(`node_modules/${path}`, FOLDER))
}

/** A module of an installed package. */
export async function checker<T>(path: string): Promise<T> {
  return (await import(fileOfChecker(path))) as T
}
