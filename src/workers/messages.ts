import type { SignInFaultCode } from '../identity/token-service.ts'
import type { HOLDINGS, RATES } from '../limits/caller-counters.ts'
import type { Standing } from '../limits/token-buckets.ts'

/** What is asked of the process that counts for all workers; each `id` is the worker's own. */
export type Asked =
  /** Somebody tries a password, and waits for a turn. */
  | {
      readonly kind: 'attempt'
      readonly id: number
      readonly account: string
      readonly address: string
    }
  /** How an attempt ended; undefined (it threw) counts as neither. */
  | { readonly kind: 'outcome'; readonly id: number; readonly isRight: boolean | undefined }
  /** A caller makes a request. */
  | {
      readonly kind: 'count'
      readonly id: number
      readonly rate: (typeof RATES)[number]
      readonly caller: string
    }
  /** A caller begins something that takes long. */
  | {
      readonly kind: 'hold'
      readonly id: number
      readonly what: (typeof HOLDINGS)[number]
      readonly caller: string
    }
  /** What was held under that id has ended. */
  | { readonly kind: 'give_back'; readonly id: number }

/** What it answers. */
export type Answered =
  /** The attempt may go on. */
  | { readonly kind: 'admitted'; readonly id: number }
  | {
      readonly kind: 'refused'
      readonly id: number
      readonly code: SignInFaultCode
      readonly message: string
      readonly retryAfterSeconds: number
    }
  | { readonly kind: 'counted'; readonly id: number; readonly standing: Standing }
  | { readonly kind: 'held'; readonly id: number; readonly isHeld: boolean }

/** What a worker says to the process that started it. */
export type FromWorker<Started> =
  /** It listens to messages from now on. */
  | { readonly kind: 'hello' }
  /** It answers requests. */
  | { readonly kind: 'ready'; readonly started: Started }
  /** It cannot start; its end follows. */
  | { readonly kind: 'failed'; readonly message: string }
  /** It has the settings that it was given last. */
  | { readonly kind: 'reloaded' }
  /** It has heard `ask`. */
  | { readonly kind: 'here' }
  | Asked

/** What is said to a worker. */
export type ToWorker<Given> =
  | { readonly kind: 'begin'; readonly given: Given }
  /** Other settings for one that has begun. */
  | { readonly kind: 'reload'; readonly given: Given }
  /** Whether it still hears. */
  | { readonly kind: 'ask' }
  | { readonly kind: 'stop' }
  | Answered
