import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { sqliteTroubleOf } from '../file-trouble/sqlite-trouble.ts'

const OWNER_ONLY = 0o700
const SUFFIX = '.lock'
const NAME_BYTES = 8
/** Bears no suffix of a process's lock. */
const TURN_FILE = 'turn'
/** How long one waits for its turn: a turn takes milliseconds, unless its process is stopped. */
const TURN_WAIT_MS = 10_000
const TURN_RETRY_MS = 2
const SQLITE_BUSY = 5

/**
 * This process among those that share a folder: it has a unique name, and a lock that the system
 * releases when the process ends, however it ends. SQLite holds the lock, since Node has no file
 * locks.
 */
export class ProcessPresence implements Disposable {
  readonly name = randomBytes(NAME_BYTES).toString('hex')
  readonly #folder: string
  readonly #lock: DatabaseSync
  readonly #turn: DatabaseSync

  /** @param folder of the locks; made if it is missing. @throws FileTrouble */
  constructor(folder: string) {
    this.#folder = folder
    // It gets its own name once it is held, so that no process takes it for a dead one's.
    const starting = join(folder, `${this.name}.starting`)
    try {
      mkdirSync(folder, { recursive: true, mode: OWNER_ONLY })
      this.#turn = new DatabaseSync(join(folder, TURN_FILE), { timeout: 0 })
      this.#lock = new DatabaseSync(starting)
      this.#lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
      renameSync(starting, this.#file(this.name))
    } catch (error) {
      const trouble = sqliteTroubleOf(error, starting)
      rmSync(starting, { force: true })
      throw trouble ?? error
    }
  }

  /**
   * Runs `work` (synchronous) while no other process of the folder runs such work; a process that
   * ends in the midst of it lets the others go on. Nothing is written, so it works on a full disk.
   * @throws an error of code 'EBUSY' if others do not let it have its turn
   */
  async exclusively<T>(work: () => T): Promise<T> {
    const deadlineMs = performance.now() + TURN_WAIT_MS
    while (!this.#takeTurn()) {
      if (performance.now() > deadlineMs) {
        const message = `another process kept ${join(this.#folder, TURN_FILE)} locked`
        throw Object.assign(new Error(message), { code: 'EBUSY' })
      }
      await sleep(TURN_RETRY_MS)
    }
    try {
      return work()
    } finally {
      this.#turn.exec('ROLLBACK')
    }
  }

  /**
   * Whether the process of that name lives. Of two that ask this of a third at one time one may be
   * told wrongly that it does, so it is asked within `exclusively`.
   */
  isAlive(name: string): boolean {
    if (name === this.name) return this.#lock.isOpen
    if (!this.names().includes(name)) return false
    const other = new DatabaseSync(this.#file(name), { timeout: 0 })
    try {
      other.exec('BEGIN EXCLUSIVE; ROLLBACK')
      return false
    } catch {
      return true
    } finally {
      other.close()
    }
  }

  /** All names there are, living or not. */
  names(): readonly string[] {
    return readdirSync(this.#folder)
      .filter((file) => file.endsWith(SUFFIX))
      .map((file) => file.slice(0, -SUFFIX.length))
  }

  /** Removes the name of a process that does not live. */
  forget(name: string): void {
    rmSync(this.#file(name), { force: true })
  }

  close(): void {
    if (!this.#lock.isOpen) return
    this.#turn.close()
    this.#lock.close()
    this.forget(this.name)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #takeTurn(): boolean {
    try {
      this.#turn.exec('BEGIN EXCLUSIVE')
      return true
    } catch (error) {
      if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false
      throw sqliteTroubleOf(error, join(this.#folder, TURN_FILE)) ?? error
    }
  }

  #file(name: string): string {
    return join(this.#folder, `${name}${SUFFIX}`)
  }
}
