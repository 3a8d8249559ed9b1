import type { Digest } from './digest-thread.ts'

/** Memory of one upload: so many blocks of so many bytes. */
const BLOCK_BYTES = 1024 * 1024
const BLOCKS_MAX = 8
/** Blocks that are kept for the next uploads: those of four at once. */
const IDLE_BLOCKS = 32

/** What takes a block: to its place in the file; nothing when the bytes are in the file already. */
export type WriteBlock = (bytes: Uint8Array, position: number) => Promise<void>

interface Block {
  readonly memory: SharedArrayBuffer
  readonly bytes: Buffer
  used: number
}

/**
 * Blocks of uploads that have ended. Shared memory that a thread was once sent is free only when that
 * thread has collected its garbage, and a digest's has next to none: a process that made new blocks
 * for each upload would grow by hundreds of MiB.
 */
const idle: Block[] = []

/**
 * Gathers pieces of any size into blocks. Each block is written, and digested twice, at the same
 * time. `put` waits while all blocks are in use, so memory stays constant.
 */
export class BlockPipe {
  readonly #write: WriteBlock
  readonly #digests: readonly Digest[]
  #free: Block[] = []
  #made = 0
  #current: Block | undefined
  #position = 0
  #error: unknown
  #isFailed = false
  readonly #underWay = new Set<Promise<void>>()
  #lastWrite: Promise<unknown> = Promise.resolve()

  constructor(write: WriteBlock, digests: readonly Digest[]) {
    this.#write = write
    this.#digests = digests
  }

  /** Takes a piece; the caller may reuse the bytes when it resolves. @throws what a write threw */
  async put(piece: Uint8Array): Promise<void> {
    let from = 0
    while (from < piece.length) {
      const block = this.#current ?? (await this.#take())
      this.#current = block
      const part = piece.subarray(from, from + BLOCK_BYTES - block.used)
      block.bytes.set(part, block.used)
      block.used += part.length
      from += part.length
      if (block.used === BLOCK_BYTES) this.#send(block)
    }
  }

  /** Waits until all is written and digested. @throws what a write threw */
  async finish(): Promise<void> {
    if (this.#current !== undefined) this.#send(this.#current)
    await this.settle()
    if (this.#isFailed) throw this.#error
  }

  /** Waits for what is under way, however it ends. */
  async settle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  /** Gives its memory to later uploads; when nothing is under way any more. */
  close(): void {
    const blocks = this.#current === undefined ? this.#free : [...this.#free, this.#current]
    this.#current = undefined
    this.#free = []
    for (const block of blocks.slice(0, IDLE_BLOCKS - idle.length)) {
      block.used = 0
      idle.push(block)
    }
  }

  async #take(): Promise<Block> {
    for (;;) {
      if (this.#isFailed) throw this.#error
      const block = this.#free.pop()
      if (block !== undefined) return block
      if (this.#made < BLOCKS_MAX) {
        this.#made += 1
        const kept = idle.pop()
        if (kept !== undefined) return kept
        const memory = new SharedArrayBuffer(BLOCK_BYTES)
        return { memory, bytes: Buffer.from(memory), used: 0 }
      }
      await Promise.race(this.#underWay)
    }
  }

  #send(block: Block): void {
    this.#current = undefined
    const position = this.#position
    this.#position += block.used
    const work = this.#carry(block, position).catch((error: unknown) => {
      this.#error = this.#isFailed ? this.#error : error
      this.#isFailed = true
    })
    const done = work.then(() => {
      this.#underWay.delete(done)
    })
    this.#underWay.add(done)
  }

  async #carry(block: Block, position: number): Promise<void> {
    // All of them, also after one has failed: the memory and the file are theirs until then.
    const ends = await Promise.allSettled([
      this.#writeInTurn(block.bytes.subarray(0, block.used), position),
      ...this.#digests.map((digest) => digest.update(block.memory, block.used)),
    ])
    const failed = ends.find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
    block.used = 0
    this.#free.push(block)
  }

  /** Parallel writes to one file only wait for each other, and use up a core. */
  #writeInTurn(bytes: Uint8Array, position: number): Promise<void> {
    const turn = this.#lastWrite.then(() => this.#write(bytes, position))
    this.#lastWrite = turn.catch(() => undefined)
    return turn
  }
}
