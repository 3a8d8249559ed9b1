import { createHash, type Hash } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import type { DigestRequest, DigestStart } from './digest-messages.ts'

const { algorithm, hasStarted } = workerData as DigestStart
const hashes = new Map<number, Hash>()

parentPort?.on('message', (request: DigestRequest) => {
  const hash = hashes.get(request.id) ?? createHash(algorithm)
  if (request.ask === 'update') {
    hashes.set(request.id, hash.update(Buffer.from(request.block, 0, request.bytes)))
    parentPort?.postMessage('')
    return
  }
  hashes.delete(request.id)
  if (request.ask === 'digest') parentPort?.postMessage(hash.digest('hex'))
})

Atomics.store(hasStarted, 0, 1)
