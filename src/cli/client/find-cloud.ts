import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import { didYouMean } from '../../config/suggest.ts'
import { fileTroubleOf } from '../../file-trouble/file-trouble.ts'
import { CLOUD, CLOUDS_YAML } from '../../identity/local/clouds-yaml.ts'
import { CommandFailure } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import type { Cloud } from './cloud.ts'
import { isObject } from './http.ts'
import { type CloudSettings, readCloud } from './read-cloud.ts'

export interface CloudChoice {
  /** `--os-cloud` */
  readonly name: string | undefined
  /** `--endpoint` */
  readonly endpoint: string | undefined
  readonly dataFolder: string
  /** `--data` was given: that folder is used, whatever the environment says. */
  readonly isDataFolderAsked: boolean
}

type Clouds = Readonly<Record<string, unknown>>

/**
 * Chooses the cloud: `--os-cloud`, `--data`, OS_CLOUD, OS_AUTH_URL and the other OS_* variables,
 * else the data folder's own. @throws CommandFailure if there is none, or it is not found
 */
export function findCloud(given: CloudChoice, terminal: Terminal): Cloud {
  const { environment } = terminal
  const endpoint = given.endpoint ?? (environment['OS_COMPUTE_ENDPOINT_OVERRIDE'] || undefined)
  const choice = { ...given, endpoint }
  if (choice.name === undefined && choice.isDataFolderAsked) checkServed(choice.dataFolder)
  const name =
    choice.name ?? (choice.isDataFolderAsked ? CLOUD : environment['OS_CLOUD'] || undefined)
  if (name !== undefined) return namedCloud(name, choice, terminal)
  if (environment['OS_AUTH_URL'] || environment['OS_TOKEN']) return fromVariables(choice, terminal)
  const own = readClouds(join(choice.dataFolder, CLOUDS_YAML))
  if (own !== undefined && Object.hasOwn(own, CLOUD)) {
    return namedCloud(CLOUD, { ...choice, isDataFolderAsked: true }, terminal)
  }
  throw new CommandFailure(
    'no cloud is named: give --os-cloud NAME (of clouds.yaml), set OS_CLOUD or OS_AUTH_URL, ' +
      `or start "afterimage serve" (there is no clouds.yaml in ${choice.dataFolder})`,
  )
}

/** @throws CommandFailure when "serve" has never run on the folder */
function checkServed(dataFolder: string): void {
  if (readClouds(join(dataFolder, CLOUDS_YAML)) !== undefined) return
  throw new CommandFailure(
    `there is no clouds.yaml in ${dataFolder}: start "afterimage serve" with this folder first, ` +
      'or give another with --data',
  )
}

/** Where openstacksdk looks, and the data folder. */
function cloudFiles({ dataFolder, isDataFolderAsked }: CloudChoice, terminal: Terminal): string[] {
  const { environment, cwd } = terminal
  const own = join(dataFolder, CLOUDS_YAML)
  const given = environment['OS_CLIENT_CONFIG_FILE']
  const home = environment['HOME'] ?? '/'
  const folders = [
    cwd,
    join(environment['XDG_CONFIG_HOME'] || join(home, '.config'), 'openstack'),
    '/etc/openstack',
  ]
  const standard = folders.flatMap((f) => [join(f, CLOUDS_YAML), join(f, 'clouds.yml')])
  const others = [...(given ? [given] : []), own, ...standard]
  return isDataFolderAsked ? [own, ...others] : others
}

function namedCloud(name: string, choice: CloudChoice, terminal: Terminal): Cloud {
  const seen: string[] = []
  for (const file of cloudFiles(choice, terminal)) {
    const clouds = readClouds(file)
    if (clouds === undefined) continue
    if (Object.hasOwn(clouds, name)) {
      const origin = `${file}, cloud "${name}"`
      const settings = flatten(clouds[name], origin)
      return readCloud(withEndpoint(settings, choice), origin, (setting) => setting)
    }
    seen.push(...Object.keys(clouds))
  }
  const hint = didYouMean(name, seen) || '; it is looked for in clouds.yaml files'
  throw new CommandFailure(`there is no cloud "${name}"${hint}`)
}

function readClouds(file: string): Clouds | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw fileTroubleOf(error, file) ?? new CommandFailure(`${file}: cannot be read: ${code}`)
  }
  const document = parseDocument(text)
  const problem = document.errors[0]
  if (problem !== undefined) {
    throw new CommandFailure(`${file}:${problem.linePos?.[0].line ?? 1}: is not YAML`)
  }
  const top: unknown = document.toJS()
  return isObject(top) && isObject(top['clouds']) ? top['clouds'] : undefined
}

/** `auth` and what stands beside it, as one; everything as text. */
function flatten(cloud: unknown, origin: string): CloudSettings {
  if (!isObject(cloud)) throw new CommandFailure(`${origin}: must hold "key: value" lines`)
  const auth = isObject(cloud['auth']) ? cloud['auth'] : {}
  const entries = [...Object.entries(cloud), ...Object.entries(auth)]
  const plain = entries.filter(([, value]) => value !== null && typeof value !== 'object')
  return Object.fromEntries(plain.map(([key, value]) => [key, String(value)]))
}

function withEndpoint(settings: CloudSettings, { endpoint }: CloudChoice): CloudSettings {
  return endpoint === undefined ? settings : { ...settings, compute_endpoint_override: endpoint }
}

function fromVariables(choice: CloudChoice, { environment }: Terminal): Cloud {
  const nameOf = (setting: string) => `OS_${setting.toUpperCase()}`
  const settings: Record<string, string> = {}
  for (const [variable, value] of Object.entries(environment)) {
    if (value && variable.startsWith('OS_')) settings[variable.slice(3).toLowerCase()] = value
  }
  return readCloud(withEndpoint(settings, choice), 'the OS_* variables', nameOf)
}
