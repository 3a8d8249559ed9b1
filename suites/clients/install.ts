import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Two test files may want to install at the same time; apt does not wait for everything itself. */
const LOCK = join(tmpdir(), 'afterimage-clients-install.lock')
const LISTS = '/var/lib/apt/lists'
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024
const PKGCLOUD = new URL('./pkgcloud/', import.meta.url)

/**
 * Installs what is missing of the Debian packages. @returns `NAME VERSION` of the first, the client
 * @throws when it is not root, not Debian, or apt fails
 */
export async function installDebian(packages: readonly [string, ...string[]]): Promise<string> {
  const missing: string[] = []
  for (const name of packages) if ((await debianVersion(name)) === undefined) missing.push(name)
  if (missing.length > 0) await aptInstall(missing)
  const version = await debianVersion(packages[0])
  if (version === undefined) throw new Error(`${packages[0]} is not installed, though apt was run`)
  return `${packages[0]} ${version} (Debian)`
}

async function debianVersion(name: string): Promise<string | undefined> {
  try {
    const { stdout } = await run('dpkg', ['--status', name])
    const isInstalled = /^Status: .* installed$/m.test(stdout)
    return isInstalled ? /^Version: (.+)$/m.exec(stdout)?.[1] : undefined
  } catch {
    return undefined
  }
}

async function aptInstall(packages: readonly string[]): Promise<void> {
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`
  if (process.getuid?.() !== 0) {
    throw new Error(`the clients must be installed by root: run "${command}" as root, then again`)
  }
  try {
    if (!hasLists()) await locked(['apt-get', 'update'])
    await locked(command.split(' ')).catch(async () => {
      await locked(['apt-get', 'update']) // old lists name packages that are there no more
      await locked(command.split(' '))
    })
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string }
    throw new Error(`${command} failed: ${stderr.trim() || (error as Error).message}`)
  }
}

function hasLists(): boolean {
  return existsSync(LISTS) && readdirSync(LISTS).some((file) => file.includes('_Packages'))
}

async function locked(command: readonly string[]): Promise<void> {
  await run('flock', [LOCK, ...command], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: OUTPUT_BYTES_MAX,
  })
}

/** Installs pkgcloud as its lock file says, into its own folder. @returns `pkgcloud VERSION` */
export async function installPkgcloud(): Promise<string> {
  const manifest = new URL('node_modules/pkgcloud/package.json', PKGCLOUD)
  const wanted = versionIn(new URL('package.json', PKGCLOUD), 'dependencies')
  // npm writes this when all is in place.
  const isWhole = existsSync(new URL('node_modules/.package-lock.json', PKGCLOUD))
  if (!isWhole || versionIn(manifest, 'version') !== wanted) {
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: PKGCLOUD,
      maxBuffer: OUTPUT_BYTES_MAX,
    })
  }
  return `pkgcloud ${versionIn(manifest, 'version')} (npm)`
}

function versionIn(manifest: URL, field: 'version' | 'dependencies'): string {
  const json = JSON.parse(readFileSync(manifest, 'utf8'))
  return field === 'version' ? json.version : json.dependencies.pkgcloud
}
