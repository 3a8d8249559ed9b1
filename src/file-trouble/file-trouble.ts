/** What keeps a file from being used: `problem` of the file, and what to do about it. */
interface Words {
  readonly problem: string
  readonly remedy: string
  /** The problem in words for a caller of an API, who must not see paths. */
  readonly told: string
}

/** By the code of the system's error. */
const WORDS = {
  EACCES: {
    problem: 'this user may not open it',
    remedy: 'give the user the rights, or run as the user who owns it',
    told: 'it may not write its files',
  },
  EPERM: {
    problem: 'this user may not do that to it',
    remedy: 'give the user the rights, or run as the user who owns it',
    told: 'it may not write its files',
  },
  EROFS: {
    problem: 'it is on a file system that is mounted read-only',
    remedy: 'mount it writable, or name a place that is',
    told: 'its file system is mounted read-only',
  },
  ENOTDIR: {
    problem: 'there is a file where a folder must be',
    remedy: 'name another path',
    told: 'it cannot find its files',
  },
  EISDIR: {
    problem: 'it is a folder, not a file',
    remedy: 'name a file',
    told: 'it cannot open its files',
  },
  ENOENT: {
    problem: 'there is no such file or folder',
    remedy: 'correct the path, or make the folder first',
    told: 'it cannot find its files',
  },
  ENOSPC: {
    problem: 'the disk is full',
    remedy: 'make room on it',
    told: 'its disk is full',
  },
  EDQUOT: {
    problem: 'the disk quota is used up',
    remedy: 'make room, or have the quota raised',
    told: 'its disk quota is used up',
  },
  EMFILE: {
    problem: 'this process has as many files open as it may',
    remedy: 'raise its limit (ulimit -n, or LimitNOFILE= in systemd)',
    told: 'it has as many files open as it may',
  },
  ENFILE: {
    problem: 'this machine has as many files open as it may',
    remedy: 'raise its limit (sysctl fs.file-max)',
    told: 'it has as many files open as it may',
  },
  EIO: {
    problem: 'the disk reports an input/output error',
    remedy: 'look into the system log, and check the disk',
    told: 'its disk reports an error',
  },
  ELOOP: {
    problem: 'its symbolic links lead round in a circle',
    remedy: 'correct the links',
    told: 'it cannot find its files',
  },
  ENAMETOOLONG: {
    problem: 'its name is longer than the file system allows',
    remedy: 'choose a shorter one',
    told: 'it cannot open its files',
  },
} as const satisfies Readonly<Record<string, Words>>

export type FileTroubleCode = keyof typeof WORDS

/** A file or folder could not be used. `message` is one line: its path, the problem, what to do. */
export class FileTrouble extends Error {
  override readonly name = 'FileTrouble'
  readonly code: FileTroubleCode
  readonly path: string
  /** For a caller of an API: fits behind "The server cannot ... because". */
  readonly told: string

  constructor(path: string, code: FileTroubleCode, cause?: unknown) {
    const { problem, remedy, told } = WORDS[code]
    super(`${path}: ${problem}; ${remedy}`, { cause })
    this.path = path
    this.code = code
    this.told = told
  }
}

/**
 * The trouble that a failed system call reports; undefined for any other error.
 * @param path of the file as the user knows it; else the one that the system call was about
 */
export function fileTroubleOf(error: unknown, path?: string): FileTrouble | undefined {
  if (error instanceof FileTrouble) return error
  if (!(error instanceof Error)) return undefined
  const { code = '', path: own } = error as NodeJS.ErrnoException
  const file = path ?? own
  return isTroubleCode(code) && file !== undefined ? new FileTrouble(file, code, error) : undefined
}

export function isTroubleCode(code: string): code is FileTroubleCode {
  return Object.hasOwn(WORDS, code)
}
