import type { AskedList } from './asked-list.ts'
import { describeParts, listParts } from './list-parts.ts'
import { shellWord } from './source-text.ts'
import { REPLACE_ALL, type Translation, type Translator, translated } from './translation.ts'

/** python-openstackclient. Mirrors openstackclient/image/v2/image.py. */
export const openstackCommand: Translator = (call) => {
  if (call.kind === 'list') return listCommand(call.list)
  const id = shellWord(call.id)
  switch (call.kind) {
    case 'show':
      return translated(`openstack image show ${id}`)
    case 'delete':
      return translated(`openstack image delete ${id}`)
    case 'show_metadata':
    case 'show_metadata_item':
      return translated(`openstack image show -f json -c properties ${id}`)
    case 'set_metadata_item':
      return translated(`openstack image set --property ${shellWord(`${call.key}=VALUE`)} ${id}`)
    case 'delete_metadata_item':
      return translated(`openstack image unset ${option('--property', call.key)} ${id}`)
    case 'merge_metadata':
      return translated(`openstack image set --property KEY=VALUE ${id}`, [], [REPEAT])
    case 'replace_metadata':
      return translated(
        `openstack image unset --property KEY ${id}\nopenstack image set --property KEY=VALUE ${id}`,
        [],
        [REPLACE_ALL, REPEAT],
      )
  }
}

const REPEAT = '--property may be given more than once.'

function listCommand(list: AskedList): Translation {
  const { name, status, properties, limit, marker, ...unaskable } = listParts(list)
  const words = ['openstack', 'image', 'list']
  if (name !== undefined && name !== '') words.push(option('--name', name))
  if (status !== undefined) words.push(option('--status', status))
  const asked = properties.filter(isComparable)
  for (const [key, value] of asked) words.push(option('--property', `${key}=${value}`))
  if (marker !== undefined) words.push(option('--marker', marker))
  const missing = describeParts({
    ...unaskable,
    ...(name === '' ? { name } : {}),
    properties: properties.filter((property) => !isComparable(property)),
  })
  // What is left out after the page has come, here or by the reader, must not be counted.
  const isCounted = limit === undefined || (asked.length === 0 && missing.length === 0)
  if (limit !== undefined && isCounted) words.push(option('--limit', String(limit)))
  if (!isCounted) missing.push(...describeParts({ limit }))
  return translated(words.join(' '), missing, [BY_NAME])
}

const BY_NAME = 'It prints them in the order of their names, not the newest first.'

/** A value that begins with a dash would be taken for another option. */
function option(flag: string, value: string): string {
  return value.startsWith('-') ? `${flag}=${shellWord(value)}` : `${flag} ${shellWord(value)}`
}

/** `image list --property` compares text with the image as openstacksdk parsed it. */
function isComparable([key, value]: readonly [string, string]): boolean {
  return key !== '' && value !== '' && !key.includes('=') && !OTHERWISE_READ.has(key)
}

/** Properties that openstacksdk reads as numbers or booleans, or keeps under another name (openstack/image/v2/image.py). */
const OTHERWISE_READ: ReadonlySet<string> = new Set([
  'auto_disk_config',
  'has_auto_disk_config',
  'hash_algo',
  'hash_value',
  'hw_boot_menu',
  'hw_cpu_cores',
  'hw_cpu_sockets',
  'hw_cpu_threads',
  'hw_serial_port_count',
  'hw_vif_multiqueue_enabled',
  'hw_video_ram',
  'img_config_drive',
  'instance_type_rxtx_factor',
  'is_hidden',
  'is_hw_boot_menu_enabled',
  'is_hw_vif_multiqueue_enabled',
  'is_protected',
  'location',
  'metadata',
  'needs_config_drive',
  'needs_secure_boot',
  'os_require_quiesce',
  'os_secure_boot',
  'os_shutdown_timeout',
  'owner_id',
  'properties',
  'store',
  'url',
])
