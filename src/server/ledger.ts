import { join } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config/config.ts'
import { CallLedger } from '../ledger/call-ledger.ts'
import { LedgerFile } from '../ledger/ledger-file.ts'

/** The ledger's file in the data folder, unless `ledger.file` names another. */
export const LEDGER_FILE = 'callers.db'

/** While a disk is full every write fails; one line a minute says so. */
const TROUBLE_LOG_MS = 60_000

/** The ledger's path; undefined: calls are not counted. */
export function ledgerPath({ ledger, data, glance }: Config): string | undefined {
  if (!ledger.enabled) return undefined
  // In front of a cloud there is no data folder.
  return ledger.file ?? (glance.url.length > 0 ? undefined : join(data, LEDGER_FILE))
}

/** @throws LedgerRefused */
export function openLedger(config: Config, logger: FastifyBaseLogger): CallLedger | undefined {
  const path = ledgerPath(config)
  if (path === undefined) return undefined
  let quietUntilMs = 0
  const onTrouble = (error: unknown) => {
    if (performance.now() < quietUntilMs) return
    quietUntilMs = performance.now() + TROUBLE_LOG_MS
    logger.error(
      { err: error },
      `the ledger of callers ${path} cannot be written; it is tried again`,
    )
  }
  return new CallLedger(new LedgerFile(path), config.ledger, onTrouble)
}
