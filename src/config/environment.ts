/** The variables of a process. An empty variable counts as one that is not set. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The only place that reads `process.env`. */
export function processEnvironment(): Environment {
  return process.env
}
