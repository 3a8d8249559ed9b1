import type { AskedList } from './asked-list.ts'
import { describeParts, type ListParts, listParts } from './list-parts.ts'
import { pointer, quoted } from './source-text.ts'
import { REPLACE_ALL, type Translation, type Translator, translated } from './translation.ts'

/**
 * Go with gophercloud v1, openstack/imageservice/v2/images, on a `client` of
 * `openstack.NewImageServiceV2`. Version 2 takes a context as the first argument of each call.
 */
export const gophercloud: Translator = (call) => {
  if (call.kind === 'list') return listCode(call.list)
  const id = quoted(call.id)
  switch (call.kind) {
    case 'show':
      return translated(`image, err := images.Get(client, ${id}).Extract()`)
    case 'delete':
      return translated(`err := images.Delete(client, ${id}).ExtractErr()`)
    case 'show_metadata':
      return translated(
        `image, err := images.Get(client, ${id}).Extract()`,
        [],
        ['The properties are in image.Properties.'],
      )
    case 'show_metadata_item':
      return translated(
        `image, err := images.Get(client, ${id}).Extract()`,
        [],
        [`The value is image.Properties[${quoted(call.key)}].`],
      )
    case 'set_metadata_item':
      return translated(update(id, `Op: images.AddOp, Name: ${name(call.key)}, Value: "VALUE"`))
    case 'delete_metadata_item':
      return translated(update(id, `Op: images.RemoveOp, Name: ${name(call.key)}`))
    case 'merge_metadata':
      return translated(update(id, 'Op: images.AddOp, Name: "KEY", Value: "VALUE"'), [], [EACH])
    case 'replace_metadata':
      return translated(
        update(id, 'Op: images.AddOp, Name: "KEY", Value: "VALUE"'),
        [],
        [REPLACE_ALL, `${EACH} images.RemoveOp removes.`],
      )
  }
}

const EACH = 'One images.UpdateImageProperty for each property.'

/** It appends the name to a slash unchanged, so the JSON pointer must be escaped here. */
function name(key: string): string {
  return quoted(pointer(key).slice(1))
}

function update(id: string, property: string): string {
  return `image, err := images.Update(client, ${id}, images.UpdateOpts{
	images.UpdateImageProperty{${property}},
}).Extract()`
}

function listCode(list: AskedList): Translation {
  const { limit, ...unlimited } = listParts(list)
  // ListOpts leaves an empty name out; a limit would count images that the reader has to leave out.
  const isNameless = unlimited.name === ''
  const missing = isNameless ? describeParts({ name: '', limit }) : []
  const parts: ListParts = limit === undefined || isNameless ? unlimited : { ...unlimited, limit }
  const tests = testsOf(parts)
  const notes = tests.length > 0 ? [FILTERED_HERE] : []
  if (parts.limit === undefined && tests.length === 0) {
    return translated(
      `pages, err := images.List(client, ${options(parts)}).AllPages()
if err != nil {
	return err
}
found, err := images.ExtractImages(pages)`,
      missing,
    )
  }
  return translated(eachPage(parts, tests), missing, notes)
}

const FILTERED_HERE =
  'ListOpts has no field for all of it, so the program looks at the images itself.'

/** What ListOpts cannot ask, as conditions on `image`. */
function testsOf({ minRamMib, minDiskGib, properties }: ListParts): readonly string[] {
  return [
    ...(minRamMib === undefined ? [] : [`image.MinRAMMegabytes == ${minRamMib}`]),
    ...(minDiskGib === undefined ? [] : [`image.MinDiskGigabytes == ${minDiskGib}`]),
    ...properties.map(([key, value]) => `image.Properties[${quoted(key)}] == ${quoted(value)}`),
  ]
}

function eachPage(parts: ListParts, tests: readonly string[]): string {
  const { limit, ...unlimited } = parts
  const keep =
    tests.length === 0
      ? '	found = append(found, batch...)'
      : `	for _, image := range batch {
		if ${tests.join(' && ')} {
			found = append(found, image)
		}
	}`
  const isNotEnough = limit === undefined ? 'true' : `len(found) < ${limit}`
  const cut =
    limit === undefined ? '' : `\nif len(found) > ${limit} {\n	found = found[:${limit}]\n}`
  // A page of the limit's size would be too short where images are left out of it.
  return `var found []images.Image
err := images.List(client, ${options(tests.length === 0 ? parts : unlimited)}).EachPage(func(page pagination.Page) (bool, error) {
	batch, err := images.ExtractImages(page)
${keep}
	return ${isNotEnough}, err
})${cut}`
}

function options({ name: asked, status, updatedSince, limit, marker }: ListParts): string {
  const fields: string[] = []
  if (asked !== undefined && asked !== '') fields.push(`Name: ${quoted(asked)}`)
  if (status !== undefined) fields.push(`Status: ${quoted(status)}`)
  if (updatedSince !== undefined) fields.push(`UpdatedAtQuery: ${dateQuery(updatedSince)}`)
  if (limit !== undefined) fields.push(`Limit: ${limit}`)
  if (marker !== undefined) fields.push(`Marker: ${quoted(marker)}`)
  return `images.ListOpts{${fields.join(', ')}}`
}

/** @param time ISO 8601 in UTC, whole seconds */
function dateQuery(time: string): string {
  const [year, month, day, hour, minute, second] = (time.match(/\d+/g) ?? []).map(Number)
  const date = [year, month, day, hour, minute, second].join(', ')
  return `&images.ImageDateQuery{Date: time.Date(${date}, 0, time.UTC), Filter: images.FilterGTE}`
}
