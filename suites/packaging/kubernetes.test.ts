import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parseAllDocuments, stringify } from 'yaml'
import { runCommand } from '../../test/cli/harness.ts'
import { checker, fileOfChecker, installCheckers } from './checkers.ts'

/**
 * The Kubernetes examples, against the schemas of the API that the npm package kubernetes-models publishes. A schema
 * allows fields that it does not know, so the compiler looks for these, with the types of the same package.
 */

const FOLDER = fileURLToPath(new URL('../../packaging/kubernetes', import.meta.url))
const TSC = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url))
/** `STOP_TIMEOUT_MS` of workers, `DRAIN_TIMEOUT_MS` of one process: the longer one. */
const STOP_SECONDS = 25

// biome-ignore lint/suspicious/noExplicitAny: read with the schema's own checks before it is looked into
type Resource = any

const dir = mkdtempSync(join(tmpdir(), 'afterimage-kubernetes-'))
after(() => rmSync(dir, { recursive: true, force: true }))
before(installCheckers)

function read(text: string): readonly Resource[] {
  return parseAllDocuments(text).map((document) => {
    assert.deepEqual(document.errors, [])
    return document.toJS()
  })
}

function folderOf({ apiVersion }: Resource): string {
  return `kubernetes-models/${apiVersion}`
}

/** What the schemas find wrong. */
async function schemaFaults(resources: readonly Resource[]): Promise<readonly string[]> {
  const faults: string[] = []
  for (const resource of resources) {
    const models = await checker<Record<string, new (data: unknown) => { validate(): void }>>(
      `${folderOf(resource)}/index.js`,
    )
    const model = models[resource.kind]
    if (model === undefined) faults.push(`there is no ${resource.apiVersion} ${resource.kind}`)
    else {
      try {
        new model(resource).validate()
      } catch (error) {
        faults.push(`${resource.kind}: ${(error as Error).message}`)
      }
    }
  }
  return faults
}

/** What the compiler finds wrong: fields that there are not, above all. */
async function typeFaults(resources: readonly Resource[]): Promise<string> {
  const file = join(dir, `resources-${Math.random()}.mts`)
  const lines = resources.map((resource, place) => {
    const module = JSON.stringify(fileOfChecker(`${folderOf(resource)}/index.js`))
    return `import type { I${resource.kind} as Kind${place} } from ${module}
export const resource${place}: Kind${place} = ${JSON.stringify(resource)}`
  })
  writeFileSync(file, lines.join('\n'))
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext']
  return await promisify(execFile)(TSC, [...options, file], { cwd: dir }).then(
    () => '',
    ({ stdout }) => stdout,
  )
}

for (const name of readdirSync(FOLDER)) {
  const text = readFileSync(join(FOLDER, name), 'utf8')
  const resources = read(text)
  const of = (kind: string) => resources.find((resource) => resource.kind === kind)
  const pod = of('Deployment').spec.template.spec
  const [container] = pod.containers
  const config = read(of('ConfigMap').data['afterimage.yaml'])[0]

  describe(name, () => {
    it('is as the schemas say', async () => {
      assert.deepEqual(await schemaFaults(resources), [])
    })

    it('has no field that the API does not know', async () => {
      assert.equal(await typeFaults(resources), '')
    })

    it('a wrong value and an unknown field would be found', async () => {
      const wrong = read(text.replace(/replicas: \d/, 'replicas: many'))
      assert.match((await schemaFaults(wrong)).join(), /replicas/)
      const unknown = read(text.replace('readOnlyRootFilesystem', 'readOnlyRootFilesytem'))
      assert.match(await typeFaults(unknown), /readOnlyRootFilesytem/)
    })

    it('runs as nobody special, on a read-only file system, with no rights', () => {
      assert.equal(pod.securityContext.runAsNonRoot, true)
      assert.equal(pod.securityContext.seccompProfile.type, 'RuntimeDefault')
      assert.deepEqual(container.securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      assert.equal(pod.automountServiceAccountToken, false)
    })

    it('names of ports, volumes and labels meet', () => {
      const { spec } = of('Deployment')
      const labels = spec.template.metadata.labels
      for (const selector of [
        spec.selector.matchLabels,
        of('Service').spec.selector,
        of('PodDisruptionBudget').spec.selector.matchLabels,
      ]) {
        assert.deepEqual(selector, labels)
      }
      const ports = container.ports.map((port: Resource) => port.name)
      const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'].map(
        (probe) => container[probe],
      )
      const asked = [...of('Service').spec.ports.map((port: Resource) => port.targetPort)]
      for (const port of [...asked, ...probes.map((probe) => probe.httpGet.port)]) {
        assert.ok(ports.includes(port), port)
      }
      const volumes = pod.volumes.map((volume: Resource) => volume.name)
      const mounts = container.volumeMounts.map((mount: Resource) => mount.name)
      assert.deepEqual(mounts.toSorted(), volumes.toSorted())
    })

    it('has a configuration that Afterimage takes', async () => {
      const file = join(dir, `${name}.afterimage.yaml`)
      writeFileSync(file, stringify(config))
      const { code, stderr } = await runCommand(['config', 'check', '--config', file], { cwd: dir })
      assert.equal(code, 0, stderr)
    })

    it('gives a pod the time to leave that its configuration asks for', () => {
      const seconds = config.shutdown.delayMs / 1000 + STOP_SECONDS
      assert.ok(pod.terminationGracePeriodSeconds > seconds)
      const { periodSeconds, failureThreshold } = container.readinessProbe
      assert.ok(config.shutdown.delayMs / 1000 > periodSeconds * failureThreshold)
    })
  })
}
