/** Documents with everything that an export could lose: each must come back byte for byte. */
const BASE = {
  name: 'plain',
  disk_format: 'raw',
  container_format: 'bare',
  visibility: 'private',
  size: 1000,
  virtual_size: null,
  status: 'active',
  checksum: null,
  protected: false,
  min_ram: 0,
  min_disk: 0,
  owner: 'p1',
  os_hidden: false,
  os_hash_algo: null,
  os_hash_value: null,
}
const MEMBERS = [
  {
    member_id: 'p2',
    status: 'accepted',
    created_at: '2026-01-02T03:04:05Z',
    updated_at: '2026-01-02T03:04:06Z',
  },
  {
    member_id: 'p3',
    status: 'rejected',
    created_at: '2026-01-02T03:04:05Z',
    updated_at: '2026-01-02T03:04:05Z',
  },
]

/** Free properties, changes to the rest, and members. */
const ODD: readonly (readonly [
  properties: Record<string, unknown>,
  fields: Record<string, unknown>,
  members?: unknown,
])[] = [
  [
    { os_type: 'linux', kernel_id: null, empty: '' },
    { name: null, owner: null },
  ],
  [{}, { os_hidden: true, name: '' }],
  [{}, { visibility: 'community', protected: true, status: 'deactivated' }],
  [{ x: '1' }, { visibility: 'shared', tags: ['a', 'b\u0000', '\u{1f600}'] }, MEMBERS],
  [{ members: 'a property' }, { visibility: 'shared' }],
  [{ members: null, z: 'z' }, {}],
  [{ a: '1', members: 'both', b: '2' }, { visibility: 'shared' }, MEMBERS],
  [{ members: null }, { visibility: 'shared' }, MEMBERS],
  [
    { 'na\u00efve \u{1f600}': '\u65e5\u672c\u8a9e \u{10ffff}' },
    { name: 'caf\u00e9 \u{1f600} "q" \\' },
  ],
  [{ nul: 'a\u0000b', 'n\u0000': '\u0000', line: '\n\r\u2028\u2029\u001b' }, { name: '\u0000' }],
  [JSON.parse('{"__proto__":"p","constructor":"c","toString":null,"hasOwnProperty":"h"}'), {}],
  [{ 2: 'two', 10: 'ten', b: 'b', a: 'a', ' ': 'space' }, {}],
  [{ long: '\u00e9'.repeat(32_767), 'hw:colon': 'x,y', images: 'text' }, { size: 0 }],
  [
    { mappings: '[{"device": "sda"}]', block_device_mapping: 'not JSON' },
    { size: Number.MAX_SAFE_INTEGER, min_ram: 2_147_483_647, created_at: '0001-01-01T00:00:00Z' },
  ],
  [{}, { updated_at: '9999-12-31T23:59:59Z', checksum: 'd41d8cd98f00b204e9800998ecf8427e' }],
]

/** One JSON document a line, printed as export prints it, in order of creation. */
export function oddDocuments(): string {
  const times = { created_at: '2026-01-02T03:04:05Z', updated_at: '2026-01-02T03:04:05Z' }
  const documents = ODD.map(([properties, fields, members], n) => {
    const { created_at, updated_at, tags, ...others } = { ...times, tags: [], ...fields }
    const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
    const property = Object.hasOwn(properties, 'members') ? properties['members'] : undefined
    const printedMembers = property === undefined ? members : { members, property }
    return Object.fromEntries([
      ...Object.entries(properties),
      ...Object.entries({ ...BASE, ...others, id, created_at, updated_at, tags }),
      ...(members === undefined ? [] : [['members', printedMembers] as const]),
    ])
  })
  const first = documents.findIndex((one) => one['created_at'] === '0001-01-01T00:00:00Z')
  documents.unshift(...documents.splice(first, 1)) // a store exports the oldest first
  return documents.map((one) => `${JSON.stringify(one)}\n`).join('')
}
