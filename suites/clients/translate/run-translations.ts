import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ownEnvironment } from '../../own-environment.ts'

/** Runs the translations of lists for real. Each takes the texts and gives the ids each text found. */

const run = promisify(execFile)
const TIMEOUT_MS = 300_000
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

export type Environment = Readonly<Record<string, string>>

interface Page {
  readonly images: readonly { readonly id: string }[]
  readonly next?: string
}

/** Runs a line of curl, and, where the list is whole, goes on as its note says. */
export async function runCurl(
  text: string,
  environment: Environment,
  goOn: (page: Page) => string | undefined,
): Promise<string[]> {
  const found: string[] = []
  let command: string | undefined = text
  while (command !== undefined) {
    const page: Page = JSON.parse(await shell(`${command} --silent --show-error`, environment))
    found.push(...page.images.map(({ id }) => id))
    const next = goOn(page)
    command = next === undefined ? undefined : text.replace(/"\$IMAGE_ENDPOINT[^"]*"/, `"${next}"`)
  }
  return found
}

/** Runs an `openstack` command. */
export async function runOpenstack(text: string, environment: Environment): Promise<string[]> {
  const images: { ID: string }[] = JSON.parse(await shell(`${text} -f json`, environment))
  return images.map(({ ID }) => ID)
}

async function shell(command: string, environment: Environment): Promise<string> {
  const { stdout } = await run('bash', ['-c', command], {
    env: { ...ownEnvironment(), PATH: '/usr/bin:/bin', ...environment },
    timeout: TIMEOUT_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
  })
  return stdout
}

/** Runs a text that is no list. @throws where it fails */
export const RUNNERS = {
  curl: async (text: string, environment: Environment) => {
    await shell(`${text} --silent --show-error --fail`, environment)
  },
  openstack: async (text: string, environment: Environment) => {
    await shell(text, environment)
  },
  openstacksdk: async (text: string, environment: Environment) => {
    await runPython([`${text}\nimages = []`], environment)
  },
  gophercloud: async (text: string, environment: Environment) => {
    const used = text.startsWith('image,') ? '\n	_ = image' : ''
    await runGo([`	var found []images.Image\n${text}${used}`], environment)
  },
} as const

/** Runs pieces of Python in one process, each with a `connection`. */
export async function runPython(
  texts: readonly string[],
  environment: Environment,
): Promise<string[][]> {
  return await inFolder(async (folder) => {
    const pieces = texts.map(
      (text) => `${text}\nprint(json.dumps([image["id"] for image in images]), flush=True)\n`,
    )
    const head = 'import json\nimport openstack\n\nconnection = openstack.connect()\n'
    await writeFile(join(folder, 'main.py'), head + pieces.join('\n'))
    return await linesOf('/usr/bin/python3', [join(folder, 'main.py')], environment)
  })
}

const GO_HEAD = `package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/images"
	"github.com/gophercloud/gophercloud/pagination"
)

var _ = time.UTC
var _ pagination.Page

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func report(found []images.Image) {
	ids := []string{}
	for _, image := range found {
		ids = append(ids, image.ID)
	}
	line, err := json.Marshal(ids)
	must(err)
	fmt.Println(string(line))
}
`

/** Compiles pieces of Go, a function each with a \`client\`, and runs them. */
export async function runGo(
  texts: readonly string[],
  environment: Environment,
): Promise<string[][]> {
  return await inFolder(async (folder) => {
    const functions = texts.map(
      (text, n) => `
func list${n}(client *gophercloud.ServiceClient) error {
${text}
	if err != nil {
		return err
	}
	report(found)
	return nil
}
`,
    )
    const main = `
func main() {
	options, err := openstack.AuthOptionsFromEnv()
	must(err)
	provider, err := openstack.AuthenticatedClient(options)
	must(err)
	client, err := openstack.NewImageServiceV2(provider, gophercloud.EndpointOpts{Region: os.Getenv("OS_REGION_NAME")})
	must(err)
${texts.map((_, n) => `	must(list${n}(client))`).join('\n')}
}
`
    const file = join(folder, 'main.go')
    await writeFile(file, GO_HEAD + functions.join('') + main)
    return await linesOf('/usr/bin/go', ['run', file], {
      GO111MODULE: 'off',
      GOPATH: '/usr/share/gocode',
      GOFLAGS: '',
      GOCACHE: join(folder, 'cache'),
      ...environment,
    })
  })
}

async function linesOf(
  program: string,
  args: readonly string[],
  environment: Environment,
): Promise<string[][]> {
  const { stdout } = await run(program, args, {
    env: { ...ownEnvironment(), ...environment },
    timeout: TIMEOUT_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
  })
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string[])
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'afterimage-translate-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
