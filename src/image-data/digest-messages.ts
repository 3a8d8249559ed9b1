/** What a thread is started with. */
export interface DigestStart {
  readonly algorithm: string
  /** Set to 1 once the thread has opened all that it needs: an error may overtake a message. */
  readonly hasStarted: Uint8Array<SharedArrayBuffer>
}

/** What the thread is asked; it answers each 'update' and each 'digest', in order. */
export type DigestRequest =
  | {
      readonly ask: 'update'
      readonly id: number
      readonly block: SharedArrayBuffer
      bytes: number
    }
  | { readonly ask: 'digest'; readonly id: number }
  | { readonly ask: 'drop'; readonly id: number }
