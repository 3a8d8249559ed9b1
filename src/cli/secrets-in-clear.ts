import type { Secrets } from '../config/config.ts'
import type { KeyPair, KeyPairs } from '../config/key-pair.ts'
import { Secret } from '../config/secret.ts'
import { SERVICES, type ServiceName } from '../config/tls-options.ts'

/** Secrets for a worker: only text crosses to another process. */
export interface SecretsInClear {
  readonly password: string | undefined
  readonly servicePassword: string | undefined
  readonly keyPairs: Readonly<Partial<Record<ServiceName, KeyPairInClear>>>
}

interface KeyPairInClear {
  readonly certFile: string
  readonly certificates: string
  readonly key: string
}

export function inClear({ password, servicePassword, keyPairs }: Secrets): SecretsInClear {
  return {
    password: password?.reveal(),
    servicePassword: servicePassword?.reveal(),
    keyPairs: byService((name) => {
      const pair = keyPairs[name]
      return pair && { ...pair, key: pair.key.reveal() }
    }),
  }
}

export function asSecrets({ password, servicePassword, keyPairs }: SecretsInClear): Secrets {
  const secret = (text: string | undefined) => (text === undefined ? undefined : new Secret(text))
  return {
    password: secret(password),
    servicePassword: secret(servicePassword),
    keyPairs: byService((name): KeyPair | undefined => {
      const pair = keyPairs[name]
      return pair && { ...pair, key: new Secret(pair.key) }
    }) satisfies KeyPairs,
  }
}

function byService<T>(find: (name: ServiceName) => T | undefined): Partial<Record<ServiceName, T>> {
  return Object.fromEntries(
    SERVICES.flatMap((name) => {
      const found = find(name)
      return found === undefined ? [] : [[name, found]]
    }),
  )
}
