import { lchownSync, type Stats } from 'node:fs'

/**
 * Gives what root has made to the owner of what it was made from, else the service could not open
 * what is restored; other users own what they make.
 */
export function ownAs({ uid, gid }: Pick<Stats, 'uid' | 'gid'>, path: string): void {
  if (process.getuid?.() === 0) lchownSync(path, uid, gid)
}
