/** This process among those that share the folder. */
export interface Presence {
  /** A word of its own. */
  readonly name: string
  /** Runs synchronous work while no other process of the folder runs such work. */
  exclusively<T>(work: () => T): Promise<T>
  /** Whether the process of that name lives. To be asked within `exclusively`. */
  isAlive(name: string): boolean
  /** All names there are, living or not. */
  names(): readonly string[]
  /** Removes the name of one that does not live. */
  forget(name: string): void
}
