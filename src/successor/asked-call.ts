import type { AskedList } from './asked-list.ts'

/** A call of the Compute API about images that is to be made elsewhere. */
export type AskedCall =
  | { readonly kind: 'list'; readonly list: AskedList }
  | { readonly kind: 'show' | 'delete' | 'show_metadata'; readonly id: string }
  | { readonly kind: 'merge_metadata' | 'replace_metadata'; readonly id: string }
  | {
      readonly kind: 'show_metadata_item' | 'set_metadata_item' | 'delete_metadata_item'
      readonly id: string
      readonly key: string
    }
