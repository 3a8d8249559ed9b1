import { FIELDS } from '../../successor/fields.ts'
import { type Tool, translate } from '../../successor/translate.ts'
import type { Translation } from '../../successor/translation.ts'
import { printTable } from '../table.ts'
import { printable } from '../terminal.ts'
import type { Group } from './group-requests.ts'

/** How a request is printed. */
export interface PrintOptions {
  readonly tools: readonly Tool[]
  readonly imageEndpoint: string
}

const HEADINGS: Readonly<Record<Tool, string>> = {
  curl: 'Image API, with curl',
  ims: 'Image Management Service (IMS), with curl',
  openstack: 'openstack (python-openstackclient)',
  openstacksdk: 'openstacksdk (Python)',
  gophercloud: 'gophercloud (Go)',
  terraform: 'Terraform',
}

/** One request and what replaces it, for people. */
export function printGroup({ first, count }: Group, options: PrintOptions): string {
  const times = count === 1 ? '' : `   (${count} calls)`
  const lines = [printable(first.request) + times]
  for (const name of first.ignored) {
    lines.push(`  The Compute API ignores "${printable(name)}", and so do these.`)
  }
  for (const tool of options.tools) {
    const translation = translate(first.call, tool, options.imageEndpoint)
    lines.push('', `  ${HEADINGS[tool]}`, ...printTranslation(translation))
  }
  return `${lines.join('\n')}\n`
}

function printTranslation({ text, missing, notes }: Translation): readonly string[] {
  const lines = text === undefined ? ['No equivalent.'] : text.split('\n')
  if (missing.length > 0) {
    const said = missing.map(printable).join(', ')
    lines.push(`No equivalent of ${said}: this finds more images.`)
  }
  return [...lines, ...notes].map((line) => `    ${line}`)
}

/** How the fields of an answer are called, for people. */
export function printFields(): string {
  const rows = FIELDS.map(({ compute, image, note }) => [compute, image, note ?? ''])
  return printTable(['COMPUTE API', 'IMAGE API', ''], rows)
}

/** Everything, for programs. */
export function printJson(groups: readonly Group[], options: PrintOptions): string {
  const requests = groups.map(({ first, count }) => ({
    request: first.request,
    count,
    ignored: first.ignored,
    translations: Object.fromEntries(
      options.tools.map((tool) => {
        const { text, missing, notes } = translate(first.call, tool, options.imageEndpoint)
        return [tool, { text: text ?? null, missing, notes }]
      }),
    ),
  }))
  return `${JSON.stringify({ requests, fields: FIELDS }, null, 2)}\n`
}
