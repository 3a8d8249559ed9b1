import { setTimeout as sleep } from 'node:timers/promises'
import type { GlanceStatus, Image } from '../../image/image.ts'
import { mayBecome } from '../../image/transitions.ts'
import { ImageDataFault } from '../../image-data/faults.ts'
import type { Claim, Contents, Received } from '../../image-data/image-files.ts'
import type { ImageDataService, ImageDependencies } from './dependencies.ts'
import { ImageFault } from './faults.ts'
import { isNotFound } from './rights.ts'

/** Storing an image's data: the steps that upload, stage and import share. */

/**
 * Claims the image's data, sets the image's status, does the work, and releases the claim. If the
 * work fails, the image is queued again, as if no data had come.
 * @throws what the work throws; ImageFault 'image.conflict'
 */
export async function withClaim<T>(
  deps: ImageDependencies,
  id: string,
  status: GlanceStatus,
  work: (claim: Claim) => Promise<T>,
): Promise<T> {
  const claim = await claimOf(deps, id, status)
  let isPutRight = true
  try {
    await moveTo(deps, id, status)
    try {
      return await work(claim)
    } catch (error) {
      tellOperator(deps, id, error)
      isPutRight = await undo(deps, claim, id, status, error)
      throw error
    }
  } finally {
    if (!isPutRight || !(await isReleased(deps, claim, id))) deps.data.putRightLater(id, claim)
  }
}

/** A claim that stays would keep new data from the image; the answer has nothing to do with it. */
async function isReleased(deps: ImageDependencies, claim: Claim, id: string): Promise<boolean> {
  try {
    await claim.release()
    return true
  } catch (error) {
    deps.data.warn({ err: error, image: id }, 'the claim on the image stays until it can be ended')
    return false
  }
}

/** @returns false if the image's row could not be read or written */
async function undo(
  deps: ImageDependencies,
  claim: Claim,
  id: string,
  status: GlanceStatus,
  error: unknown,
): Promise<boolean> {
  try {
    const discard = async () => {
      if ((await deps.catalogue.find(id))?.status !== 'active') await claim.discard()
    }
    // Its staged data can still be imported if the row cannot be written.
    const mayComeAgain = status === 'importing' && !isVerdict(error)
    // A full disk takes the row again only when the bytes that no row will get are gone.
    if (!mayComeAgain) await discard()
    await requeue(deps, id, status)
    if (mayComeAgain) await discard()
    return true
  } catch (trouble) {
    deps.data.warn({ err: trouble, image: id }, 'the image stays as it is until it can be written')
    return false
  }
}

/** Callers try again and again while a disk is in trouble. */
const TROUBLE_LOG_MS = 60_000
const lastTold = new WeakMap<ImageDataService, { readonly code: string; readonly atMs: number }>()

/** The message about a full disk tells the caller no path and no size; the log has them. */
function tellOperator({ data }: ImageDependencies, image: string, error: unknown): void {
  if (!(error instanceof ImageDataFault) || error.detail === undefined) return
  const { code, detail, message } = error
  const last = lastTold.get(data)
  if (last?.code === code && performance.now() - last.atMs < TROUBLE_LOG_MS) return
  lastTold.set(data, { code, atMs: performance.now() })
  data.warn({ image, detail }, message)
}

/** A claim ends a moment after the row says so; who comes in between waits for it, this often. */
const CLAIM_TRIES = 10
const CLAIM_WAIT_MS = 50

async function claimOf(
  deps: ImageDependencies,
  id: string,
  to: GlanceStatus,
  tries = CLAIM_TRIES,
): Promise<Claim> {
  try {
    return await deps.data.files.claim(id)
  } catch (error) {
    // The holder of the claim has changed the status, or is about to.
    const isClaimed = error instanceof ImageDataFault && error.code === 'data.claimed'
    if (!isClaimed) {
      tellOperator(deps, id, error)
      throw error
    }
    const image = await deps.catalogue.find(id)
    // Of an image that was deleted: its data is still coming.
    if (image === undefined || !mayBecome(image.status, to)) {
      throw wrongTransition(image?.status ?? 'deleted', to)
    }
    if (tries === 1) throw error
    await sleep(CLAIM_WAIT_MS)
    return claimOf(deps, id, to, tries - 1)
  }
}

export function wrongTransition(from: GlanceStatus, to: GlanceStatus): ImageFault {
  const message = `Image status transition from ${from} to ${to} is not allowed`
  return new ImageFault('image.conflict', message)
}

async function moveTo(deps: ImageDependencies, id: string, status: GlanceStatus): Promise<void> {
  await deps.catalogue.update(id, (image) => {
    // What is imported here was staged; Glance imports into queued images, too.
    const isStaged = image.status === 'uploading' && image.sizeBytes !== null
    if (!mayBecome(image.status, status) || (status === 'importing' && !isStaged)) {
      throw wrongTransition(image.status, status)
    }
    return { ...image, status, updatedAt: deps.now() }
  })
}

/** Mirrors glance/api/v2/image_data.py (_restore). */
async function requeue(deps: ImageDependencies, id: string, status: GlanceStatus): Promise<void> {
  try {
    await deps.catalogue.update(id, (image) =>
      image.status === status
        ? {
            ...image,
            status: 'queued',
            sizeBytes: null,
            virtualSizeBytes: null,
            updatedAt: deps.now(),
          }
        : image,
    )
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

/**
 * Publishes the data and makes the image active, if the data still fits the image's fields.
 * @throws ImageFault 'data.gone', 'data.format'
 */
export async function activate(
  deps: ImageDependencies,
  claim: Claim,
  id: string,
  from: GlanceStatus,
  received: Received,
): Promise<void> {
  await claim.publish(received)
  try {
    await deps.catalogue.update(id, (now) => {
      if (now.status !== from) throw new ImageFault('data.gone', goneMessage(id))
      return {
        ...now,
        status: 'active',
        sizeBytes: received.sizeBytes,
        virtualSizeBytes: judgeContents(deps, now, received),
        checksum: received.checksum,
        hashAlgorithm: 'sha512',
        hashValue: received.sha512,
        updatedAt: deps.now(),
      }
    })
  } catch (error) {
    throw isNotFound(error) ? new ImageFault('data.gone', goneMessage(id)) : error
  }
}

/** Whether the work failed because of the image itself. */
function isVerdict(error: unknown): boolean {
  return error instanceof ImageFault || isNotFound(error)
}

/** Mirrors glance/api/v2/image_data.py (upload). */
function goneMessage(id: string): string {
  return (
    `Image ${id} could not be found after upload. The image may have been deleted during the ` +
    'upload, cleaning up the chunks uploaded.'
  )
}

/** Formats whose files bear a mark; of the others nothing can be said. */
const READ_FORMATS: ReadonlySet<string> = new Set([
  'raw',
  'qcow2',
  'vmdk',
  'vdi',
  'vhd',
  'vhdx',
  'iso',
])

/**
 * Compares the bytes with the declared format. Mirrors glance/location.py (set_data): data in a
 * container is not examined, and raw data may be anything.
 * @returns the virtual size @throws ImageFault 'data.format', where a match is required
 */
function judgeContents(
  deps: ImageDependencies,
  { id, diskFormat, containerFormat, virtualSizeBytes }: Image,
  { contents, sizeBytes }: Received,
): number | null {
  if (containerFormat !== 'bare' || !READ_FORMATS.has(diskFormat ?? '')) return virtualSizeBytes
  if (contents.format !== diskFormat) tellMismatch(deps, id, `${diskFormat}`, contents)
  if (diskFormat === 'raw') return sizeBytes || null
  return contents.format === diskFormat ? contents.virtualSizeBytes : null
}

function tellMismatch(
  deps: ImageDependencies,
  image: string,
  declared: string,
  { format }: Contents,
): void {
  if (deps.data.requireFormatMatch) {
    const message = `The image's disk_format is ${declared}, but its data is ${format}.`
    throw new ImageFault('data.format', message)
  }
  deps.data.warn({ image, declared, found: format }, 'image data is not of the declared format')
}
