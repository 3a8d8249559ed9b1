import type { PropertyValue } from '../../image/image.ts'

/** Mirrors glance/api/v2/images.py (RequestDeserializer.update). */
export const PATCH_TYPE = 'application/openstack-images-v2.1-json-patch'

export type PatchStep =
  | { readonly op: 'add'; readonly key: string; readonly value: PropertyValue }
  | { readonly op: 'remove'; readonly key: string }

type Properties = ReadonlyMap<string, PropertyValue>

/** The steps that turn `before` into `after`; properties that are equal in both are left out. */
export function patchSteps(before: Properties, after: Properties): readonly PatchStep[] {
  const steps: PatchStep[] = []
  for (const key of before.keys()) {
    if (!after.has(key)) steps.push({ op: 'remove', key })
  }
  // `add` also replaces, so that it does not matter who else adds or removes the key meanwhile.
  for (const [key, value] of after) {
    if (before.get(key) !== value) steps.push({ op: 'add', key, value })
  }
  return steps
}

/** The step that writes a property as it is, which moves the image's `updated_at`. */
export function repeatStep(key: string, value: PropertyValue): PatchStep {
  return { op: 'add', key, value }
}

/** The patch as JSON, its paths JSON pointers (RFC 6901). */
export function printPatch(steps: readonly PatchStep[]): string {
  const pointer = (key: string) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
  return JSON.stringify(steps.map(({ key, ...step }) => ({ ...step, path: pointer(key) })))
}

/**
 * Whether a patch can name the property: Glance strips spaces from a name in a path
 * (_decode_json_pointer), keeps names of its own (_reserved_namespaces), and takes names of
 * attributes of its image object for those (_do_add), whatever that breaks.
 */
export function isPatchable(key: string): boolean {
  if (key.trim() !== key || PYTHON_SPACES.has(key.at(0)) || PYTHON_SPACES.has(key.at(-1)))
    return false
  if (key.startsWith('os_glance') || /^__.*__$/s.test(key)) return key === '__proto__'
  return !OBJECT_ATTRIBUTES.has(key)
}

/** What Python's strip takes for space and JavaScript's trim does not. */
const PYTHON_SPACES: ReadonlySet<string | undefined> = new Set('\x1c\x1d\x1e\x1f\x85')

/** Beside the base schema. Mirrors glance/domain/__init__.py, proxy.py, location.py, quota, notifier. */
const OBJECT_ATTRIBUTES: ReadonlySet<string> = new Set([
  'added_new_properties',
  'base',
  'context',
  'deactivate',
  'delete',
  'extra_properties',
  'get_data',
  'get_payload',
  'get_super_class',
  'helper',
  'image_id',
  'location',
  'member',
  'notifier',
  'reactivate',
  'repo',
  'send_notification',
  'set_data',
  'valid_state_targets',
])
