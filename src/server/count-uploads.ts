import { ImageDataFault, type ImageDataFaultCode } from '../image-data/faults.ts'
import type { Claim, ImageFiles } from '../image-data/image-files.ts'
import type { UploadMetrics, UploadOutcome } from '../metrics/upload-metrics.ts'

/** The same files; what they receive is counted. */
export function countUploads(files: ImageFiles, uploads: UploadMetrics): ImageFiles {
  return {
    claim: async (id) => {
      try {
        return countClaim(await files.claim(id), uploads)
      } catch (error) {
        const isRefused = error instanceof ImageDataFault && error.code === 'data.too_many'
        if (isRefused) uploads.refused()
        throw error
      }
    },
    open: (name) => files.open(name),
    free: (file, isWanted) => files.free(file, isWanted),
  }
}

function countClaim(claim: Claim, uploads: UploadMetrics): Claim {
  return {
    async receive(body, announcedBytes) {
      uploads.began()
      let outcome: UploadOutcome = 'received'
      try {
        return await claim.receive(countPieces(body, uploads), announcedBytes)
      } catch (error) {
        outcome = outcomeOf(error)
        throw error
      } finally {
        uploads.ended(outcome)
      }
    },
    takeStaged: () => claim.takeStaged(),
    publish: (received) => claim.publish(received),
    stage: () => claim.stage(),
    discard: () => claim.discard(),
    release: () => claim.release(),
    leave: () => claim.leave(),
  }
}

async function* countPieces(
  body: AsyncIterable<Uint8Array>,
  uploads: UploadMetrics,
): AsyncGenerator<Uint8Array, void> {
  for await (const piece of body) {
    uploads.came(piece.length)
    yield piece
  }
}

const OUTCOMES: Readonly<Record<ImageDataFaultCode, UploadOutcome>> = {
  // These two come before anything is received.
  'data.claimed': 'broken_off',
  'data.too_many': 'too_many',
  'data.too_large': 'too_large',
  'data.no_space': 'no_space',
  'data.read_only': 'read_only',
  'data.unwritable': 'unwritable',
}

function outcomeOf(error: unknown): UploadOutcome {
  return error instanceof ImageDataFault ? OUTCOMES[error.code] : 'broken_off'
}
