import type { FastifyInstance } from 'fastify'
import type { FaceName } from '../api/face/face.ts'
import type { Config } from '../config/config.ts'
import type { KeyPairs } from '../config/key-pair.ts'
import type { CallerGate } from './caller-gate.ts'
import { levelForFramework } from './framework-log.ts'
import type { RequestGate } from './request-gate.ts'
import type { RequestLog } from './request-log.ts'
import { renewKeyPair } from './tls.ts'

/** What may change while a server runs. */
export interface Reloaded {
  readonly config: Pick<Config, 'deprecation' | 'limits' | 'log'>
  /** For the services that speak TLS already. */
  readonly keyPairs: KeyPairs
}

/** The parts of a server that hold such settings. */
export interface ReloadedParts {
  readonly apps: Readonly<Partial<Record<FaceName, FastifyInstance>>>
  readonly gate: RequestGate
  readonly callers: CallerGate
  readonly requestLog: RequestLog
}

/** The settings that may change, as they are at the moment. */
export class Present {
  config: Reloaded['config']
  #parts: ReloadedParts | undefined

  constructor(config: Reloaded['config']) {
    this.config = config
  }

  /** To be called once, when the parts are there. */
  hold(parts: ReloadedParts): void {
    this.#parts = parts
  }

  /** From now on these hold, for requests that come on open connections too. */
  reload({ config, keyPairs }: Reloaded): void {
    this.config = config
    if (this.#parts === undefined) return
    const { apps, gate, callers, requestLog } = this.#parts
    gate.reload(config.limits)
    callers.reload(config.limits)
    requestLog.reload(config.log)
    for (const [name, app] of Object.entries(apps)) {
      app.log.level = levelForFramework(config.log.level)
      const pair = keyPairs[name as FaceName]
      if (pair !== undefined) renewKeyPair(app.server, pair)
    }
  }
}
