import type { LimitsConfig } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'

/** The limits of the default configuration, and what a test changes of them. */
export function limitsConfig(given: Partial<LimitsConfig> = {}): LimitsConfig {
  return { ...loadConfig({ flags: {}, environment: {}, cwd: '/' }).config.limits, ...given }
}
