import type { Config } from './config.ts'
import {
  type KeyPair,
  type KeyPairFiles,
  KeyPairRefused,
  type KeyPairs,
  readKeyPair,
} from './key-pair.ts'
import { flagOf, type OptionKey } from './options.ts'
import { modeOf } from './pairs.ts'
import { type Origin, printOrigin } from './settings.ts'
import { SERVICES, type ServiceName } from './tls-options.ts'

type Prefix = 'tls' | `${ServiceName}.tls`

/** Reads every certificate that is configured; what is wrong becomes a problem, a line each. */
export function readKeyPairs(
  config: Config,
  origins: Readonly<Record<OptionKey, Origin>>,
  problems: string[],
): KeyPairs {
  const read = (prefix: Prefix, { certFile, keyFile }: Config['tls']) => {
    const place = (name: 'certFile' | 'keyFile') => {
      const key: OptionKey = `${prefix}.${name}`
      return `${key} (${printOrigin(origins[key])})`
    }
    if (certFile !== undefined && keyFile !== undefined) {
      return tryReading({ certFile, keyFile }, place('certFile'), problems)
    }
    if (certFile !== undefined) {
      problems.push(`${place('certFile')} needs its key: give ${flagOf(`${prefix}.keyFile`)}`)
    } else if (keyFile !== undefined) {
      problems.push(
        `${place('keyFile')} needs its certificate: give ${flagOf(`${prefix}.certFile`)}`,
      )
    }
    return undefined
  }
  const shared = read('tls', config.tls)
  const served: readonly ServiceName[] = modeOf(config) === 'embedded' ? SERVICES : ['compute']
  const pairs: Partial<Record<ServiceName, KeyPair>> = {}
  for (const name of served) {
    const pair = read(`${name}.tls`, config[name].tls) ?? shared
    if (pair !== undefined) pairs[name] = pair
  }
  return pairs
}

function tryReading(files: KeyPairFiles, place: string, problems: string[]): KeyPair | undefined {
  try {
    return readKeyPair(files)
  } catch (error) {
    if (!(error instanceof KeyPairRefused)) throw error
    problems.push(`${place}: ${error.message}`)
    return undefined
  }
}
