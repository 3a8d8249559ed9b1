import { PATH, wholeNumber, YES_OR_NO } from './values.ts'

/** The options of the ledger: who still calls. */

const ROWS_MIN = 10
const ROWS_MAX = 1_000_000
/** Ten years. */
const RETENTION_DAYS_MAX = 3653

export const LEDGER_OPTIONS = {
  'ledger.enabled': {
    kind: YES_OR_NO,
    default: ['true'],
    description: 'count who makes calls about images; "afterimage callers" shows it',
  },
  'ledger.file': {
    kind: PATH,
    default: undefined,
    description:
      'file of the counts; by default callers.db in the data folder, in front of a cloud none',
  },
  'ledger.rowsMax': {
    kind: wholeNumber('COUNT', ROWS_MIN, ROWS_MAX),
    default: ['10000'],
    description: 'rows that are kept; the least recently seen beyond them are merged into "other"',
  },
  'ledger.retentionDays': {
    kind: wholeNumber('DAYS', 1, RETENTION_DAYS_MAX),
    default: ['400'],
    description: 'days that are kept',
  },
  'ledger.withUsers': {
    kind: YES_OR_NO,
    default: ['false'],
    description: 'keep the names of users, beside their ids',
  },
  'ledger.withAddresses': {
    kind: YES_OR_NO,
    default: ['false'],
    description: 'keep the address that each row was last called from',
  },
} as const
