import type { Readable } from 'node:stream'

/** What identifies an image's bytes: its id, and the MD5 that they must have. */
export interface DataName {
  readonly id: string
  /** Lower-case hex; null: there are none. */
  readonly checksum: string | null
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
 * for the same images: whoever changes the files of an image holds its claim.
 */
export interface ImageFiles {
  /** @throws ImageDataFault 'data.claimed' while this process or another that lives holds it */
  claim(id: string): Promise<Claim>
  /** Works under a claim that ends with the work and leaves no mark. @throws as `claim` does */
  whileClaimed<T>(id: string, work: () => Promise<T>): Promise<T>
  /** undefined when there are no such bytes. */
  open(name: DataName): Promise<OpenData | undefined>
  /** Deletes an image's bytes; open readers can finish reading. To be called under a claim. */
  remove(name: DataName): Promise<void>
  /** Deletes what is staged. To be called under a claim. */
  removeStaged(id: string): Promise<void>
}

/** What a process that died left behind. */
export interface Leftovers {
  /** Ids whose data it was receiving. */
  abandoned(): Promise<readonly Abandoned[]>
  /** Everything that is kept, or all of one image: published bytes, and staged ones. */
  kept(id?: string): AsyncIterable<KeptFile>
}

export interface Abandoned {
  readonly id: string
  /** Removes what had come, and the claim. */
  clear(): Promise<void>
}

export interface KeptFile {
  readonly id: string
  /** The checksum in a published file's name; undefined for a staged one. */
  readonly checksum: string | undefined
  readonly sizeBytes: number
  /** To be called under a claim. */
  remove(): Promise<void>
  /** Makes published bytes staged ones again; synchronous, for transactions. Under a claim. */
  unpublish(): void
}
