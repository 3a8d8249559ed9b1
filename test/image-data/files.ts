import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

const TRIES = 50

/** Of a claim: how many bytes it may write; see UploadSpace. */
const GRANT = /^bytes\.\d+$/

/**
 * The names of every file with bytes below `images/` of a data folder. A folder of a claim may go while
 * it is read; then all is read again, so that what is named was there at one time.
 */
export async function dataFiles(folder: string): Promise<readonly string[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      const all = await readdir(join(folder, 'images'), { recursive: true, withFileTypes: true })
      const names = all.filter((entry) => entry.isFile()).map((entry) => entry.name)
      return names.filter((name) => !GRANT.test(name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === TRIES) throw error
    }
  }
}
