import { oneOf, wholeNumber, YES_OR_NO } from './values.ts'

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
const LOG_FORMATS = ['json', 'text'] as const
const SLOW_MS_MAX = 600_000

/** The options of the log. */
export const LOG_OPTIONS = {
  'log.level': {
    kind: oneOf('LEVEL', LOG_LEVELS),
    default: ['info'],
    description: 'least important message that is logged',
  },
  'log.format': {
    kind: oneOf('FORMAT', LOG_FORMATS),
    default: undefined,
    description: 'how a message is printed; by default text on a terminal, else json',
  },
  'log.requests': {
    kind: YES_OR_NO,
    default: ['true'],
    description: 'log a line for each request, at info; else for slow ones alone',
  },
  'log.slowMs': {
    kind: wholeNumber('MS', 0, SLOW_MS_MAX),
    default: ['2000'],
    description: 'a request that takes longer is logged at warn; 0: none is slow',
  },
} as const
