import { wholeNumber } from './values.ts'

/** The options that keep one caller from slowing down another. */

const REQUESTS_MAX = 100_000
/** In a full queue each newcomer costs a look at who waits there. */
const QUEUED_MAX = 10_000
const QUEUE_TIMEOUT_MS_MAX = 60_000
const REQUESTS_PER_MINUTE_MAX = 10_000_000

export const LIMITS_OPTIONS = {
  'limits.requestsInFlight': {
    kind: wholeNumber('COUNT', 1, REQUESTS_MAX),
    default: ['1000'],
    description: 'requests that the process works on at once, over all its ports',
  },
  'limits.queuedRequests': {
    kind: wholeNumber('COUNT', 0, QUEUED_MAX),
    default: ['1000'],
    description: 'requests that may wait for one of those to end; others are answered with 503',
  },
  'limits.queueTimeoutMs': {
    kind: wholeNumber('MS', 1, QUEUE_TIMEOUT_MS_MAX),
    default: ['5000'],
    description: 'milliseconds that a request may wait so, until it is answered with 503',
  },
  'limits.projectRequestsPerMinute': {
    kind: wholeNumber('COUNT', 0, REQUESTS_PER_MINUTE_MAX),
    default: ['0'],
    description: 'requests of one project that are taken in the long run; 0: any number',
  },
  'limits.projectBurst': {
    kind: wholeNumber('COUNT', 1, REQUESTS_MAX),
    default: ['100'],
    description: 'requests that a project may make at once, after it has been quiet',
  },
  'limits.addressRequestsPerMinute': {
    kind: wholeNumber('COUNT', 0, REQUESTS_PER_MINUTE_MAX),
    default: ['0'],
    description:
      'requests from one address, or IPv6 /64, that are taken in the long run; 0: any number',
  },
  'limits.addressBurst': {
    kind: wholeNumber('COUNT', 1, REQUESTS_MAX),
    default: ['100'],
    description: 'requests that may come from an address at once, after it has been quiet',
  },
  'limits.listsPerCaller': {
    kind: wholeNumber('COUNT', 0, REQUESTS_MAX),
    default: ['32'],
    description:
      'long lists of one user in one project at once, on the compute port; 0: any number',
  },
  'limits.uploadsPerCaller': {
    kind: wholeNumber('COUNT', 0, REQUESTS_MAX),
    default: ['16'],
    description: 'uploads of image data of one user in one project at once; 0: any number',
  },
} as const
