import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqliteTroubleOf } from '../file-trouble/sqlite-trouble.ts'

const OWNER_ONLY = 0o700
const SUFFIX = '.lock'
const NAME_BYTES = 8

/**
 * This process among those that share a folder: it has a unique name, and a lock that the system
 * releases when the process ends, however it ends. SQLite holds the lock, since Node has no file
 * locks.
 */
export class ProcessPresence implements Disposable {
  readonly name = randomBytes(NAME_BYTES).toString('hex')
  #folder: string
  readonly #lock: DatabaseSync

  /** @param folder of the locks; made if it is missing. @throws FileTrouble */
  constructor(folder: string) {
    this.#folder = folder
    // It gets its own name once it is held, so that no process takes it for a dead one's.
    const starting = join(folder, `${this.name}.starting`)
    try {
      mkdirSync(folder, { recursive: true, mode: OWNER_ONLY })
      this.#lock = new DatabaseSync(starting)
      this.#lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
      renameSync(starting, this.#file(this.name))
    } catch (error) {
      const trouble = sqliteTroubleOf(error, starting)
      rmSync(starting, { force: true })
      throw trouble ?? error
    }
  }

  /** Whether the process of that name lives. */
  isAlive(name: string): boolean {
    if (name === this.name) return this.#lock.isOpen
    return this.names().includes(name) && isLocked(this.#file(name))
  }

  /** All names there are, living or not. */
  names(): readonly string[] {
    return namesIn(this.#folder)
  }

  /** Removes the name of a process that does not live. */
  forget(name: string): void {
    rmSync(this.#file(name), { force: true })
  }

  /** The folder of the locks was renamed, and this process's lock with it. */
  follow(folder: string): void {
    this.#folder = folder
  }

  close(): void {
    if (!this.#lock.isOpen) return
    this.#lock.close()
    this.forget(this.name)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #file(name: string): string {
    return join(this.#folder, `${name}${SUFFIX}`)
  }
}

/** How many processes of each kind have their names in a folder, for one that has none there. */
export function countProcesses(folder: string): { readonly living: number; readonly dead: number } {
  if (!existsSync(folder)) return { living: 0, dead: 0 }
  const names = namesIn(folder)
  const living = names.filter((name) => isLocked(join(folder, `${name}${SUFFIX}`))).length
  return { living, dead: names.length - living }
}

function namesIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
}

function isLocked(file: string): boolean {
  const other = new DatabaseSync(file, { timeout: 0 })
  try {
    other.exec('BEGIN EXCLUSIVE; ROLLBACK')
    return false
  } catch {
    return true
  } finally {
    other.close()
  }
}
