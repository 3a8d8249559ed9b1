import type { SignInFaultCode } from '../identity/token-service.ts'

/** What a worker says to the process that started it. */
export type FromWorker<Started> =
  /** It listens to messages from now on. */
  | { readonly kind: 'hello' }
  /** It answers requests. */
  | { readonly kind: 'ready'; readonly started: Started }
  /** It cannot start; its end follows. */
  | { readonly kind: 'failed'; readonly message: string }
  /** Somebody tries a password, and waits for a turn. */
  | {
      readonly kind: 'attempt'
      readonly id: number
      readonly account: string
      readonly address: string
    }
  /** How an attempt ended; without an outcome (it threw) it counts as neither. */
  | { readonly kind: 'outcome'; readonly id: number; readonly isRight: boolean | undefined }

/** What is said to a worker. */
export type ToWorker<Given> =
  | { readonly kind: 'begin'; readonly given: Given }
  | { readonly kind: 'stop' }
  /** The attempt may go on. */
  | { readonly kind: 'admitted'; readonly id: number }
  | {
      readonly kind: 'refused'
      readonly id: number
      readonly code: SignInFaultCode
      readonly message: string
      readonly retryAfterSeconds: number
    }
