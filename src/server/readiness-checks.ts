import { statfs } from 'node:fs/promises'
import type { Upstream } from '../upstream/upstream.ts'
import { probe } from './probe.ts'
import type { ReadinessCheck } from './readiness.ts'
import type { WriteTrouble } from './write-troubles.ts'

/** The catalogue takes writes: the last one was kept. */
export function catalogueCheck(trouble: () => WriteTrouble | undefined): ReadinessCheck {
  const check = async () =>
    trouble() === undefined ? undefined : 'changes cannot be kept; reading goes on'
  return { name: 'catalogue', check }
}

/** The disk of the data folder has more free than what uploads must leave. */
export function diskCheck(folder: string, freeBytesMin: number): ReadinessCheck {
  const check = async () => {
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize > freeBytesMin) return undefined
    return `less than ${freeBytesMin} bytes are free, so uploads are refused (image.freeBytesMin)`
  }
  return { name: 'disk', check }
}

/** Another service answers. @param path one that needs no token */
export function upstreamCheck(upstream: Upstream, path: string): ReadinessCheck {
  const check = async () => ((await probe(upstream, path)) === undefined ? undefined : 'no answer')
  return { name: upstream.name, check }
}
