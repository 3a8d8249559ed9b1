import { setFlagsFromString } from 'node:v8'

/**
 * What V8 is told about its heap; it reads these flags at each collection.
 *
 * Without "allocation site pretenuring": once some images were kept, V8 would make all later ones in
 * the old part of the heap. While a long list is read each image dies with its batch; in the old part
 * it would stay until that is collected, with all texts it refers to, and each collection of the young
 * part would take ten times as long.
 *
 * The others keep the process small beside what it holds: the young part stays as large as it is at
 * the start, the old one is collected when it has grown by half, not several times over, and its
 * pages are given back at once.
 */
const HEAP_FLAGS = [
  '--no-allocation-site-pretenuring',
  '--semi-space-growth-factor=1',
  '--heap-growing-percent=50',
]
/** From V8 14 on, which keeps pages for later. */
const PAGE_FLAGS = ['--no-memory-pool', '--no-large-page-pool']
const PAGE_FLAGS_SINCE = 14

/** To be called before much is allocated. */
export function keepHeapSmall(): void {
  const major = Number.parseInt(process.versions.v8, 10)
  const flags = major >= PAGE_FLAGS_SINCE ? [...HEAP_FLAGS, ...PAGE_FLAGS] : HEAP_FLAGS
  for (const flag of flags) setFlagsFromString(flag)
}
