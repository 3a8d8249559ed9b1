import { DEPRECATED_AT, type DeprecationPolicy } from '../../deprecation/policy.ts'
import { nextSpan } from '../../deprecation/window.ts'
import { printTime } from '../../image/time.ts'
import { htmlText } from '../../successor/source-text.ts'

/** The built-in page about the end of the image calls, for people (HTML) and programs (JSON). */

/** What the page tells. */
export interface DeprecationNotice {
  readonly title: string
  readonly deprecatedAt: string
  /** undefined: no end is announced. */
  readonly sunsetAt: string | undefined
  readonly afterSunset: DeprecationPolicy['afterSunset']
  readonly policyUrl: string | undefined
  /** Windows in which calls are refused, as configured, with the start and end of the next one. */
  readonly brownouts: readonly {
    readonly window: string
    readonly nextStart: string
    readonly nextEnd: string
  }[]
  readonly replacements: readonly Replacement[]
  readonly clients: readonly ClientAdvice[]
}

interface Replacement {
  readonly call: string
  readonly replacedBy: string
  readonly note: string
}

interface ClientAdvice {
  readonly client: string
  readonly before: string
  readonly after: string
}

/** @param imageBase the Image service's address; undefined where it differs by caller. */
export function deprecationNotice(
  policy: DeprecationPolicy,
  imageBase: string | undefined,
  nowMs: number,
): DeprecationNotice {
  return {
    title: 'The image calls of the Compute API are going away',
    deprecatedAt: printTime(DEPRECATED_AT),
    sunsetAt: policy.sunsetAt === undefined ? undefined : printTime(policy.sunsetAt),
    afterSunset: policy.afterSunset,
    policyUrl: policy.policyUrl,
    brownouts: policy.brownouts.flatMap((window) => {
      const span = nextSpan(window, nowMs)
      if (span === undefined) return []
      const nextStart = printTime(Math.floor(span.startMs / 1000))
      const nextEnd = printTime(Math.floor(span.endMs / 1000))
      return [{ window: window.text, nextStart, nextEnd }]
    }),
    replacements: REPLACEMENTS,
    clients: clientAdvice(imageBase ?? '$IMAGE_ENDPOINT'),
  }
}

const REPLACEMENTS: readonly Replacement[] = [
  {
    call: 'GET images/detail, GET images',
    replacedBy: 'GET /v2/images',
    note:
      'name, limit and marker stay; minRam is min_ram, minDisk is min_disk, changes-since=T is ' +
      'updated_at=gte:T, property-KEY=V is KEY=V, status words are Glance statuses. Pages are short: follow "next".',
  },
  {
    call: 'GET images/{id}',
    replacedBy: 'GET /v2/images/{id}',
    note: 'The image is not inside a key "image".',
  },
  { call: 'DELETE images/{id}', replacedBy: 'DELETE /v2/images/{id}', note: '204, as here.' },
  {
    call: 'GET images/{id}/metadata',
    replacedBy: 'GET /v2/images/{id}',
    note: 'Every field that is not one of the Image API itself is a property.',
  },
  {
    call: 'POST, PUT, DELETE images/{id}/metadata',
    replacedBy: 'PATCH /v2/images/{id}',
    note: 'A JSON patch: add, replace or remove /KEY, as application/openstack-images-v2.1-json-patch.',
  },
]

function clientAdvice(image: string): readonly ClientAdvice[] {
  return [
    {
      client: 'curl',
      before: 'curl -H "X-Auth-Token: $TOKEN" "$COMPUTE_ENDPOINT/images/detail?status=ACTIVE"',
      after: `curl -H "X-Auth-Token: $TOKEN" "${image}/v2/images?status=active"`,
    },
    {
      client: 'openstack (python-openstackclient)',
      before: 'nova image-list',
      after: 'openstack image list --status active',
    },
    {
      client: 'openstacksdk',
      before: 'connection.compute.images(details=True, status="ACTIVE")',
      after: 'connection.image.images(status="active")',
    },
    {
      client: 'gophercloud',
      before:
        'openstack/compute/v2/images: images.ListDetail(compute, images.ListOpts{Status: "ACTIVE"})',
      after:
        'openstack/imageservice/v2/images: images.List(image, images.ListOpts{Status: images.ImageStatusActive})',
    },
    {
      client: 'Terraform',
      before: 'provider openstack below 1.53.0, which asked Compute for the image of an instance',
      after:
        'provider openstack from 1.53.0; data "openstack_images_image_v2" "x" { name = "..." }',
    },
  ]
}

/** Without scripts or anything from outside, light and dark. */
export function printPage(notice: DeprecationNotice): string {
  const { title, brownouts, policyUrl } = notice
  const windows = brownouts.map(
    ({ window, nextStart, nextEnd }) =>
      `<li>${htmlText(window)}: next ${nextStart} to ${nextEnd}</li>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${htmlText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${htmlText(title)}</h1>
<p>${htmlText(printDates(notice))}</p>
${windows.length === 0 ? '' : `<p>Calls are refused for a while, as they will be at the end:</p>\n<ul>\n${windows.join('\n')}\n</ul>`}
${policyUrl === undefined ? '' : `<p>The operator says more at <a href="${htmlText(policyUrl)}">${htmlText(policyUrl)}</a>.</p>`}
<p>Every answer says what replaces it, in the header <code>Link: &lt;...&gt;; rel="successor-version"</code>.</p>
<h2>What replaces each call</h2>
<table>
<thead><tr><th>Compute API</th><th>Image API</th><th></th></tr></thead>
<tbody>
${notice.replacements.map(printReplacement).join('\n')}
</tbody>
</table>
<h2>How to move</h2>
${notice.clients.map(printClient).join('\n')}
</main>
</body>
</html>
`
}

const STYLE =
  ':root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0}' +
  'main{max-width:60rem;margin:auto;padding:1.5rem}' +
  'table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;' +
  'border-bottom:1px solid color-mix(in srgb,currentColor 25%,transparent)}' +
  'pre{overflow-x:auto;padding:.6rem;background:color-mix(in srgb,currentColor 8%,transparent)}'

function printDates({ deprecatedAt, sunsetAt, afterSunset }: DeprecationNotice): string {
  const since = `They are deprecated since ${deprecatedAt}.`
  if (sunsetAt === undefined) return `${since} No date is set for their end.`
  const then =
    afterSunset === 'gone'
      ? 'After it they are answered with 410.'
      : 'After it they may end at any time.'
  return `${since} Their end is set for ${sunsetAt}. ${then}`
}

function printReplacement({ call, replacedBy, note }: Replacement): string {
  const cells = [
    `<code>${htmlText(call)}</code>`,
    `<code>${htmlText(replacedBy)}</code>`,
    htmlText(note),
  ]
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
}

function printClient({ client, before, after }: ClientAdvice): string {
  return `<h3>${htmlText(client)}</h3>\n<p>Before:</p>\n<pre>${htmlText(before)}</pre>\n<p>After:</p>\n<pre>${htmlText(after)}</pre>`
}
