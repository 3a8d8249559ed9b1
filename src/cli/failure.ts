/** A command could not do what it was asked. `message` is one line, and says what to do about it. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
}

/** A command was called wrongly: exit code 2. */
export class UsageFailure extends Error {
  override readonly name = 'UsageFailure'
}
