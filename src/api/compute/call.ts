import type { Caller } from '../../identity/identity.ts'
import type { Viewer } from '../../image/visibility.ts'
import type { RequestAsker } from './asker.ts'
import type { Operation } from './routes.ts'
import type { Prefix } from './versions.ts'
import type { LinkBases } from './view.ts'

/**
 * A request that passed every check before validation: the caller, the operation, and the bases of
 * links.
 */
export interface Call {
  readonly operation: Operation
  /** The image id in the path, else ''. */
  readonly id: string
  /** The metadata key in the path, else ''. */
  readonly key: string
  readonly prefix: Prefix
  /** The query string as it was sent. */
  readonly query: string
  /** Scheme, host and prefix that links start with. */
  readonly base: string
  /** The Image service's address for this caller; undefined if unknown. */
  readonly imageBase: string | undefined
  /** The project in the path, if there is one: it stands in links then. */
  readonly project: string | undefined
  readonly caller: Caller
  readonly viewer: Viewer
  /** Holds the token: not for the log. */
  readonly asker: RequestAsker
  readonly contentType: string
  readonly isHead: boolean
}

/** A call without the one request that it came with. */
export type ListCall = Omit<Call, 'asker'>

/**
 * If the Image service's address is unknown, `alternate` equals `bookmark`: an address that the
 * caller can reach. Mirrors nova/api/openstack/common.py (ViewBuilder, _get_href_link,
 * _get_bookmark_link).
 */
export function linkBases(call: ListCall): LinkBases {
  const project = call.project === undefined ? '' : `/${call.project}`
  return {
    self: `${call.base}/${call.prefix}${project}`,
    bookmark: `${call.base}${project}`,
    alternate: `${call.imageBase ?? call.base}${project}`,
  }
}
