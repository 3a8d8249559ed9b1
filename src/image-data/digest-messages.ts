/** The first message: the thread has opened all that it needs. */
export const STARTED = 'started'

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
