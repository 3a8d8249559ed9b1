import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Document, isMap, parseDocument, stringify } from 'yaml'
import { fileTroubleOf } from '../../file-trouble/file-trouble.ts'
import { DOMAIN } from '../token-service.ts'
import type { FirstAccount, FirstAccounts } from './bootstrap.ts'

/** What openstacksdk reads, in the data folder. */
export const CLOUDS_YAML = 'clouds.yaml'
/** The user's entry, and the administrator's. */
export const CLOUD = 'afterimage'
export const ADMIN_CLOUD = 'afterimage-admin'

const OWNER_ONLY = 0o600
const REGION = 'RegionOne'
const HEADING = ' How clients sign in: OS_CLIENT_CONFIG_FILE=<this file> OS_CLOUD=afterimage'

/** The file is not one that can be changed safely; it has been left as it is. */
export class CloudsYamlRefused extends Error {
  override readonly name = 'CloudsYamlRefused'
}

/**
 * Writes the first accounts' entries into `clouds.yaml` (mode 0600, replaced in one step), keeping
 * whatever else is there. @returns the file's path. @throws CloudsYamlRefused
 */
export function writeCloudsYaml(dir: string, accounts: FirstAccounts, authUrl: string): string {
  const file = join(dir, CLOUDS_YAML)
  const document = readDocument(file) ?? newDocument()
  document.setIn(['clouds', CLOUD], document.createNode(entry(accounts.demo, authUrl)))
  document.setIn(['clouds', ADMIN_CLOUD], document.createNode(entry(accounts.admin, authUrl)))
  replace(file, document.toString(), OWNER_ONLY)
  return file
}

/**
 * Sets the two entries to the present address, and changes nothing else.
 * @returns the file's path, or undefined when there is no file. @throws CloudsYamlRefused
 */
export function pointCloudsYaml(dir: string, authUrl: string): string | undefined {
  const file = join(dir, CLOUDS_YAML)
  const document = readDocument(file)
  if (document === undefined) return undefined
  let isChanged = false
  for (const cloud of [CLOUD, ADMIN_CLOUD]) {
    const path = ['clouds', cloud, 'auth', 'auth_url']
    if (!isMap(document.getIn(path.slice(0, -1))) || document.getIn(path) === authUrl) continue
    document.setIn(path, authUrl)
    isChanged = true
  }
  if (isChanged) replace(file, document.toString(), statSync(file).mode & 0o777)
  return file
}

/** Where the file's own entry signs in; undefined when there is none. @throws CloudsYamlRefused */
export function authUrlIn(dir: string): string | undefined {
  const found = readDocument(join(dir, CLOUDS_YAML))?.getIn(['clouds', CLOUD, 'auth', 'auth_url'])
  return typeof found === 'string' ? found : undefined
}

/** A whole file, whose only cloud signs in with an application credential. */
export function credentialCloudsYaml(
  cloud: string,
  credential: { readonly id: string; readonly secret: string },
  authUrl: string,
): string {
  const auth = {
    auth_url: authUrl,
    application_credential_id: credential.id,
    application_credential_secret: credential.secret,
  }
  const settings = { auth_type: 'v3applicationcredential', auth }
  const entry = { ...settings, region_name: REGION, identity_api_version: 3 }
  return stringify({ clouds: { [cloud]: entry } }, { lineWidth: 0 })
}

function entry(account: FirstAccount, authUrl: string) {
  return {
    auth: {
      auth_url: authUrl,
      username: account.userName,
      password: account.password,
      project_name: account.projectName,
      user_domain_name: DOMAIN.name,
      project_domain_name: DOMAIN.name,
    },
    region_name: REGION,
    identity_api_version: 3,
  }
}

function newDocument(): Document {
  const document: Document = parseDocument('clouds: {}\n')
  document.commentBefore = HEADING
  const clouds = document.get('clouds')
  if (isMap(clouds)) clouds.flow = false
  return document
}

function readDocument(file: string): Document | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw fileTroubleOf(error) ?? error
  }
  const document = parseDocument(text)
  const problem = document.errors[0]
  if (problem !== undefined) {
    const where = `line ${problem.linePos?.[0].line ?? 1}`
    throw new CloudsYamlRefused(`${file}: ${where} is not YAML; correct or remove the file`)
  }
  if (document.contents === null) return undefined
  if (!isMap(document.contents) || !isMap(document.get('clouds'))) {
    throw new CloudsYamlRefused(`${file} has no mapping "clouds"; correct or remove the file`)
  }
  return document
}

/** At any moment, and after a power cut, the file is either the old or the new one, complete. */
function replace(file: string, text: string, mode: number): void {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    const descriptor = openSync(temporary, 'wx', mode)
    try {
      writeSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw fileTroubleOf(error, file) ?? error
  }
}
