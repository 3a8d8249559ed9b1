import { availableParallelism } from 'node:os'
import { type ValueKind, wholeNumber } from './values.ts'

/** More would wait for the one file that all of them write to. */
const WORKERS_MAX = 64

const COUNT = wholeNumber('N|auto', 1, WORKERS_MAX)

const WORKERS: ValueKind<number> = {
  ...COUNT,
  form: `a whole number from 1 to ${WORKERS_MAX}, or auto for the number of cores`,
  read: (texts, folder) =>
    texts.length === 1 && texts[0] === 'auto'
      ? Math.min(availableParallelism(), WORKERS_MAX)
      : COUNT.read(texts, folder),
}

export const WORKERS_OPTION = {
  workers: {
    kind: WORKERS,
    default: ['1'],
    description: 'processes that answer requests, on the same ports and the same data folder',
  },
} as const
