import type { Readable } from 'node:stream'

/** What identifies an image's bytes: its id, and the MD5 that they must have. */
export interface DataName {
  readonly id: string
  /** Lower-case hex; null: there are none. */
  readonly checksum: string | null
}

/** The bytes of a version of an image, or, without a checksum, those that are staged. */
export interface FileName {
  readonly id: string
  readonly checksum: string | undefined
}

/** What became of bytes that were received. */
export interface Received {
  readonly sizeBytes: number
  /** MD5, lower-case hex. */
  readonly checksum: string
  /** SHA-512, lower-case hex. */
  readonly sha512: string
  readonly contents: Contents
}

/** The format that the first bytes (and, for one format, the last) declare. */
export interface Contents {
  /** The Image service's word, such as `qcow2`; 'raw' for data without a known signature. */
  readonly format: string
  /** As the disk inside sees itself; null where its header does not say. */
  readonly virtualSizeBytes: number | null
}

/** The open bytes of one image; they stay readable if they are deleted meanwhile. */
export interface OpenData {
  readonly sizeBytes: number
  /**
   * To be called once. Reads from byte `start` up to, but not including, byte `end`, then closes.
   */
  read(start: number, end: number): Readable
  close(): Promise<void>
}

/**
 * The right to store one image's data; only one holder at a time. It outlives its process:
 * `Leftovers.abandoned` lists the claims of dead processes.
 */
export interface Claim {
  /**
   * Receives the whole body, which is not the image's data yet. If that fails, the received part is
   * removed before the error is thrown.
   * @param announcedBytes how much will come, where the caller said so
   * @throws ImageDataFault, and what the body throws
   */
  receive(body: AsyncIterable<Uint8Array>, announcedBytes: number | undefined): Promise<Received>
  /** Reads what was staged, as if it were received now. */
  takeStaged(): Promise<Received>
  /** Makes what was received (or staged) the image's data, durably. */
  publish(received: Received): Promise<void>
  /** Keeps what was received for a later import, durably. */
  stage(): Promise<void>
  /** Deletes what this claim has published, and what is staged. */
  discard(): Promise<void>
  /** Ends the claim; what is neither published nor staged is gone. */
  release(): Promise<void>
  /** Ends it here, but leaves its mark for the next start. */
  leave(): void
}

/**
 * The port between the Image service and whatever keeps its bytes. Several processes may use it
 * for the same images: whoever stores the data of one holds its claim.
 */
export interface ImageFiles {
  /** @throws ImageDataFault 'data.claimed' while this process or another that lives holds it */
  claim(id: string): Promise<Claim>
  /** undefined when there are no such bytes. */
  open(name: DataName): Promise<OpenData | undefined>
  /**
   * Deletes bytes, unless they are wanted; open readers can finish reading. What comes in their
   * place meanwhile stays. Needs no room on the disk.
   * @returns whether they were there and are gone @throws ImageDataFault 'data.claimed'
   */
  free(file: FileName, isWanted: () => Promise<boolean>): Promise<boolean>
}

/** What a process that died left behind. */
export interface Leftovers {
  /** Works under a claim that ends with the work and leaves no mark. @throws as `claim` does */
  whileClaimed<T>(id: string, work: () => Promise<T>): Promise<T>
  /** Ids whose data it was receiving; what had come of it is removed. */
  abandoned(): Promise<readonly Abandoned[]>
  /** Everything that is kept, or all of one image: published bytes, and staged ones. */
  kept(id?: string): AsyncIterable<KeptFile>
}

export interface Abandoned {
  readonly id: string
  /** Removes the claim. */
  clear(): Promise<void>
}

export interface KeptFile extends FileName {
  readonly sizeBytes: number
  /** Makes published bytes staged ones again; synchronous, for transactions. Under a claim. */
  unpublish(): void
}
