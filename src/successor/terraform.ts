import type { AskedList } from './asked-list.ts'
import { describeParts, listParts } from './list-parts.ts'
import { hclQuoted } from './source-text.ts'
import { noEquivalent, type Translation, type Translator, translated } from './translation.ts'

/**
 * Terraform's provider `openstack`: the data source `openstack_images_image_ids_v2`, whose arguments
 * are name, name_regex, owner, properties, visibility, size_min, size_max, tags and more, but none
 * for the status, the minima or the time of the last change.
 */
export const terraform: Translator = (call) => {
  if (call.kind === 'list') return listCode(call.list)
  switch (call.kind) {
    case 'show':
    case 'show_metadata':
    case 'show_metadata_item':
      return noEquivalent(
        'No data source takes an id: use the id itself, or look the image up by name and properties.',
      )
    default:
      return noEquivalent(
        'A data source only reads. Images that Terraform made are changed and deleted with their ' +
          'resource, openstack_images_image_v2.',
      )
  }
}

function listCode(list: AskedList): Translation {
  const { name, properties, ...unaskable } = listParts(list)
  const asked = properties.filter(([, value]) => value !== '')
  const lines: string[] = []
  if (name !== undefined && name !== '') lines.push(`  name = ${hclQuoted(name)}`)
  if (asked.length > 0) {
    const entries = asked.map(([key, value]) => `    ${hclQuoted(key)} = ${hclQuoted(value)}`)
    lines.push(`  properties = {\n${entries.join('\n')}\n  }`)
  }
  const missing = describeParts({
    ...unaskable,
    ...(name === '' ? { name } : {}),
    properties: properties.filter(([, value]) => value === ''),
  })
  const body = lines.length === 0 ? '' : `\n${lines.join('\n')}\n`
  return translated(`data "openstack_images_image_ids_v2" "images" {${body}}`, missing, [
    'The ids are in data.openstack_images_image_ids_v2.images.ids.',
  ])
}
