import type { Contents } from '../image-files.ts'

/** Reads bytes at a place; fewer, or none, where the file ends before. */
export type Peek = (offset: number, bytes: number) => Promise<Buffer>

/** Reads one format's header. @returns undefined for a file without the format's signature */
export type ReadFormat = (peek: Peek, sizeBytes: number) => Promise<Contents | undefined>

/** A size out of a header; null for one that no disk has. */
export function plausibleSize(bytes: bigint): number | null {
  return bytes >= 0n && bytes <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(bytes) : null
}
