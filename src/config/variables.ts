import type { Environment } from './environment.ts'
import {
  CONFIG_VARIABLE,
  DEBUG_VARIABLE,
  OPTION_KEYS,
  OPTIONS,
  PASSWORD_VARIABLE,
  SERVICE_PASSWORD_VARIABLE,
  variableOf,
} from './options.ts'
import { type Setting, type Source, splitList } from './settings.ts'
import { didYouMean } from './suggest.ts'

const PREFIX = 'AFTERIMAGE_'
/** What Kubernetes gives every container for a Service whose name begins with "afterimage". */
const SERVICE_LINK =
  /_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_.+)?)?)$/
const SERVICE_LINK_VALUE = /^(tcp|udp|sctp):\/\//

/** Reads AFTERIMAGE_* variables; one that nothing reads is a problem. */
export function readVariables(environment: Environment, cwd: string): Source {
  const byVariable = new Map(OPTION_KEYS.map((key) => [variableOf(key), key]))
  const known = [
    ...byVariable.keys(),
    CONFIG_VARIABLE,
    PASSWORD_VARIABLE,
    SERVICE_PASSWORD_VARIABLE,
    DEBUG_VARIABLE,
  ]
  const settings: Setting[] = []
  const problems: string[] = []
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || text === undefined || text === '') continue
    const key = byVariable.get(variable)
    if (key !== undefined && SERVICE_LINK_VALUE.test(text)) {
      problems.push(
        `${variable}: was set by Kubernetes for a Service of that name; ` +
          'set "enableServiceLinks: false" in the pod, or name the Service otherwise',
      )
    } else if (key !== undefined) {
      const texts = OPTIONS[key].kind.isList ? splitList(text) : [text]
      settings.push({ key, texts, origin: { from: 'variable', variable }, folder: cwd })
    } else if (!known.includes(variable) && !SERVICE_LINK.test(variable)) {
      problems.push(`${variable}: there is no such variable${suggest(variable, known)}`)
    }
  }
  return { settings, problems }
}

function suggest(variable: string, known: readonly string[]): string {
  const bare = (name: string) => name.slice(PREFIX.length)
  return didYouMean(bare(variable), known.map(bare), PREFIX)
}
