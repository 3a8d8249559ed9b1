import { setFlagsFromString } from 'node:v8'

/**
 * What V8 is told about its heap.
 *
 * Without "allocation site pretenuring": once some images were kept, V8 would make all later ones in
 * the old part of the heap. While a long list is read each image dies with its batch; in the old part
 * it would stay until that is collected, with all texts it refers to, and each collection of the young
 * part would take ten times as long.
 *
 * The old part is collected when it has doubled, not when it is several times as large, and pages that are
 * not used any more are given back at once.
 */
const HEAP_FLAGS = ['--no-allocation-site-pretenuring', '--heap-growing-percent=75']
/** From V8 14 on, which keeps pages for later. */
const PAGE_FLAGS = ['--no-memory-pool', '--no-large-page-pool']
const PAGE_FLAGS_SINCE = 14

/** To be called before much is allocated. */
export function keepHeapSmall(): void {
  const major = Number.parseInt(process.versions.v8, 10)
  const flags = major >= PAGE_FLAGS_SINCE ? [...HEAP_FLAGS, ...PAGE_FLAGS] : HEAP_FLAGS
  for (const flag of flags) setFlagsFromString(flag)
}
