import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why nothing can be mounted here; false where it can. */
export const CANNOT_MOUNT: string | false =
  process.getuid?.() === 0 ? false : 'mounting file systems needs root'

/** A file system of its own, in memory. */
export interface Mount extends Disposable {
  readonly path: string
  /** Mounts it again, read-only. */
  freeze(): void
}

export function mountMemory(sizeKib: number): Mount {
  const path = mkdtempSync(join(tmpdir(), 'afterimage-mount-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKib}k,mode=0755`, 'tmpfs', path])
  return {
    path,
    freeze: () => execFileSync('mount', ['-o', 'remount,ro', path]),
    [Symbol.dispose]: () => {
      execFileSync('umount', ['--lazy', path])
      rmdirSync(path)
    },
  }
}
