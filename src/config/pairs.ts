import type { Config } from './config.ts'
import { flagOf, OPTION_KEYS, type OptionKey, SERVICE_PASSWORD_VARIABLE } from './options.ts'
import { type Origin, printOrigin } from './settings.ts'

/** What holds the images, and what knows the callers. */
export type Mode =
  /** The embedded catalogue and its own identity. */
  | 'embedded'
  /** A real Glance, and the Keystone that it believes itself. */
  | 'cloud'
  /** A real Glance, which judges every token by itself. */
  | 'glance_alone'

export function modeOf({ cloud, glance, keystone }: Config): Mode {
  if (cloud !== undefined || keystone.url !== undefined) return 'cloud'
  return glance.url.length > 0 ? 'glance_alone' : 'embedded'
}

type Origins = Readonly<Record<OptionKey, Origin>>

/** Why what was given does not go together, a line for each reason; empty when it does. */
export function pairProblems(
  config: Config,
  origins: Origins,
  hasServicePassword: boolean,
): readonly string[] {
  const given = (prefix: string) =>
    OPTION_KEYS.filter((key) => key.startsWith(prefix) && origins[key].from !== 'default')
  const refuse = (keys: readonly OptionKey[], why: string) =>
    keys.map((key) => `${key} (${printOrigin(origins[key])}) ${why}`)
  const { cloud, glance, keystone } = config
  const problems: string[] = []
  const hasGlance = glance.url.length > 0 || cloud !== undefined
  const hasKeystone = keystone.url !== undefined || cloud !== undefined
  if (cloud !== undefined) {
    problems.push(...refuse(given('keystone.url'), `is what "cloud" says; give one of the two`))
  }
  if (!hasGlance) {
    problems.push(
      ...refuse(given('keystone.url'), `needs a Glance: give ${flagOf('glance.url')} too`),
      ...refuse(
        given('cache.'),
        `is about a Glance: give ${flagOf('glance.url')}, or leave it out`,
      ),
    )
  } else if (!hasKeystone) {
    const why =
      'needs a Keystone, which says for whom lists may be kept: ' +
      `give ${flagOf('keystone.url')}, or leave it out`
    problems.push(
      ...refuse(
        given('cache.').filter((key) => isSwitchedOn(key, config)),
        why,
      ),
    )
  }
  if (!hasKeystone) {
    const why = `needs a Keystone: give ${flagOf('keystone.url')}, or leave it out`
    problems.push(...refuse(given('keystone.service'), why), ...refuse(given('region'), why))
  }
  return [...problems, ...serviceUserProblems(config, origins, hasServicePassword)]
}

function isSwitchedOn(key: OptionKey, { cache }: Config): boolean {
  const name = key.slice('cache.'.length) as keyof Config['cache']
  return cache[name] !== 0 && cache[name] !== false
}

function serviceUserProblems(
  { keystone }: Config,
  origins: Origins,
  hasPassword: boolean,
): readonly string[] {
  if (keystone.serviceUser !== undefined && !hasPassword) {
    return [
      `keystone.serviceUser (${printOrigin(origins['keystone.serviceUser'])}) has no password: ` +
        `set ${SERVICE_PASSWORD_VARIABLE}, or name its file by ${flagOf('keystone.servicePasswordFile')}`,
    ]
  }
  if (keystone.serviceUser === undefined && hasPassword) {
    return [`the service user has a password and no name: give ${flagOf('keystone.serviceUser')}`]
  }
  return []
}
