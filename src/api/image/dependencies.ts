import type { ManagedCatalogue } from '../../catalogue/managed-catalogue.ts'
import type { Claim, ImageFiles } from '../../image-data/image-files.ts'
import type { Trace } from '../../tracing/trace.ts'
import type { Endpoint } from '../face/endpoints.ts'
import type { Authentication } from '../request/authenticate.ts'
import type { BaseUrlPolicy } from '../request/base-url.ts'
import type { Answer, Call, Incoming } from './call.ts'

/** What the checks before an operation need. */
export interface Gate extends Authentication {
  readonly baseUrl: BaseUrlPolicy
  readonly identity: Endpoint
}

/** What the image face stands on. */
export interface ImageDependencies extends Gate {
  readonly catalogue: ManagedCatalogue
  /** The catalogue for a request whose spans are recorded; by default the same. */
  readonly catalogueWithin?: (trace: Trace) => ManagedCatalogue
  /** The clock, in Unix seconds. */
  readonly now: () => number
  readonly data: ImageDataService
  /** Answers `GET /v2/cloudimages`, another face on the same port; absent: 404. */
  readonly cloudimages?: (
    call: Pick<Call, 'query' | 'viewer'>,
    catalogue: ManagedCatalogue,
  ) => Promise<Answer>
}

export interface ImageDataService {
  readonly files: ImageFiles
  /** Refuse data that is not of the image's disk_format; otherwise it is only logged. */
  readonly requireFormatMatch: boolean
  /**
   * Takes over a claim whose image's row could not be written: the row is put right as soon as that
   * is possible, and then the claim ends.
   */
  readonly putRightLater: (id: string, claim: Claim) => void
  /** Tells the operator. */
  readonly warn: (details: Readonly<Record<string, unknown>>, message: string) => void
}

/** Carries out one operation. */
export type Handler = (
  call: Call,
  deps: ImageDependencies,
  incoming: Incoming,
) => Promise<Answer> | Answer
