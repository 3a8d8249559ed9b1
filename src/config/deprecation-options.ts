import { CLIENT_FAMILIES } from '../callers/client-family.ts'
import { DEPRECATED_AT, type SuccessorApi } from '../deprecation/policy.ts'
import { parseWindow, type Window } from '../deprecation/window.ts'
import { NAMES, oneOf, type ValueKind, WEB_PAGE } from './values.ts'

/** The options about the end of the image calls. */

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})$/

/** Parsed to Unix seconds. RFC 9745, 4: the sunset is not before the deprecation. */
const SUNSET_TIME: ValueKind<number> = {
  placeholder: 'TIME',
  form: 'a time such as 2027-06-30T00:00:00Z, not before 2016-06-22, when the calls were deprecated',
  isList: false,
  read: ([text = '', ...more]) => {
    const seconds = TIME.test(text) ? Date.parse(text) / 1000 : Number.NaN
    return more.length === 0 && seconds >= DEPRECATED_AT ? seconds : undefined
  },
}

const WINDOWS: ValueKind<readonly Window[]> = {
  placeholder: 'WINDOWS',
  form:
    'windows such as "Tue 10:00-10:15 UTC", "daily 10:00-10:15 UTC" or ' +
    '"2027-03-01 10:00-10:15 UTC", separated by commas',
  isList: true,
  read: (texts) => {
    const windows = texts.map(parseWindow)
    return windows.every((window) => window !== undefined) ? windows : undefined
  },
}

const FAMILIES: ValueKind<readonly string[]> = {
  placeholder: 'FAMILIES',
  form: `client families, separated by commas: ${CLIENT_FAMILIES.join(', ')}`,
  isList: true,
  read: (texts) =>
    texts.every((text) => CLIENT_FAMILIES.some((family) => family === text)) ? texts : undefined,
}

const SUCCESSORS: readonly SuccessorApi[] = ['image', 'ims']

export const DEPRECATION_OPTIONS = {
  'deprecation.sunsetAt': {
    kind: SUNSET_TIME,
    default: undefined,
    description: 'announced end of the image calls; every answer says it in Sunset',
  },
  'deprecation.policyUrl': {
    kind: WEB_PAGE,
    default: undefined,
    description: 'page about their end; by default /deprecation on the compute port',
  },
  'deprecation.successor': {
    kind: oneOf('API', SUCCESSORS),
    default: ['image'],
    description:
      'API that the Link header of a list names: image (/v2/images) or ims (/v2/cloudimages)',
  },
  'deprecation.afterSunset': {
    kind: oneOf('WHAT', ['serve', 'gone'] as const),
    default: ['serve'],
    description: 'what happens after the end: serve as before, or answer 410',
  },
  'deprecation.exceptProjects': {
    kind: NAMES,
    default: [],
    description: 'ids of projects that are served all the same, after the end and in brownouts',
  },
  'deprecation.exceptClients': {
    kind: FAMILIES,
    default: [],
    description: 'client families that are served all the same, by their User-Agent',
  },
  'deprecation.brownouts': {
    kind: WINDOWS,
    default: [],
    description: 'windows before the end in which the calls are answered with 410 already',
  },
} as const
