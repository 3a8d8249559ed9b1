/** A backup, a restore or a check could not be done. `message` is one line, and says what to do about it. */
export class BackupFailure extends Error {
  override readonly name = 'BackupFailure'
}
