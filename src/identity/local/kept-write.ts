import { type Database, DatabaseBusy } from '../../database/database.ts'
import { FileTrouble } from '../../file-trouble/file-trouble.ts'
import { SignInFault } from '../token-service.ts'

const BUSY_RETRY_SECONDS = 2
/** Time in which an operator may make room or repair the disk. */
const UNWRITABLE_RETRY_SECONDS = 30

/** One transaction for a caller who can be told to come again. @throws SignInFault */
export async function keptWrite<T>(database: Database, work: () => T): Promise<T> {
  try {
    return await database.write(work)
  } catch (error) {
    if (error instanceof FileTrouble) throw unkeepable(error)
    if (!(error instanceof DatabaseBusy)) throw error
    throw new SignInFault('service.busy', 'The identity tables are busy.', BUSY_RETRY_SECONDS)
  }
}

function unkeepable({ told }: FileTrouble): SignInFault {
  const text = `The server cannot keep new tokens at the moment: ${told}. Try again later.`
  return new SignInFault('service.unwritable', text, UNWRITABLE_RETRY_SECONDS)
}
