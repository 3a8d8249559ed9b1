import { get, image, make, patch, post, type Story, send } from '../story.ts'

const FULL = {
  name: 'everything that one may say',
  visibility: 'private',
  protected: false,
  os_hidden: false,
  tags: ['b', 'a', 'a'],
  container_format: 'bare',
  disk_format: 'qcow2',
  min_ram: 512,
  min_disk: 10,
  owner: '{project:member}',
  os_distro: 'debian',
  kernel_id: '{image:kernel}',
  note: 'größe ☃',
  empty: '',
}

const GOOD: Story = {
  group: 'create',
  steps: [
    make('bare'),
    post('/v2/images', {}, { captures: 'made' }),
    get(image('made')),
    make('full', FULL),
    get(image('full')),
    make('nulls', { name: null, disk_format: null, container_format: null }),
    make('null-property', { note: null }),
    make('unicode', { name: 'Größe ☃' }),
    make('long-name', { name: 'n'.repeat(255) }),
    make('empty-name', { name: '' }),
    make('zero', { min_ram: 0, min_disk: 0 }),
    make('big-ram', { min_ram: 2147483647 }),
    make('hidden', { os_hidden: true }),
    make('locked', { protected: true }),
    make('community', { visibility: 'community' }),
    make('shared', { visibility: 'shared' }),
    make('instance', { instance_uuid: '{image:server}', image_type: 'snapshot' }),
    ...['raw', 'qcow2', 'vhd', 'vhdx', 'vmdk', 'vdi', 'iso', 'ploop', 'ami', 'ari', 'aki'].map(
      (format) => make(`disk-${format}`, { disk_format: format }),
    ),
    ...['bare', 'ovf', 'ova', 'docker', 'compressed', 'ami', 'ari', 'aki'].map((format) =>
      make(`container-${format}`, { container_format: format }),
    ),
    make('ami', { disk_format: 'ami', container_format: 'ami' }),
    make('mixed', { disk_format: 'ami', container_format: 'bare' }),
    make('property-names', { 'a b': '1', 'Ä.ö': '2', 'x:y': '3', 'quo\'te"': '4' }),
    make('long-property', { ['p'.repeat(255)]: 'v'.repeat(5000) }),
    make('128-properties', Object.fromEntries(numbered(128))),
    make('128-tags', { tags: numbered(128).map(([key]) => key) }),
    get('/v2/images?limit=100', { isWhole: true }),
    make('four-bytes', { name: 'Größe 𝄞' }),
    post('/v2/images', { id: '{IMAGE:capitals}' }, { name: 'an id in capitals' }),
    get(image('capitals')),
    get('/v2/images/{IMAGE:capitals}'),
  ],
}

function numbered(count: number): [string, string][] {
  return Array.from({ length: count }, (_, i) => [`k${String(i).padStart(3, '0')}`, String(i)])
}

const BAD_FIELDS: readonly (readonly [string, unknown])[] = [
  ['a name that is too long', { name: 'n'.repeat(256) }],
  ['a name that is a number', { name: 1 }],
  ['an id that is none', { id: 'x' }],
  ['an id that is a number', { id: 7 }],
  ['an id without hyphens', { id: '0123456789abcdef0123456789abcdef' }],
  ['an unknown visibility', { visibility: 'secret' }],
  ['a visibility that is null', { visibility: null }],
  ['protected that is text', { protected: 'true' }],
  ['protected that is null', { protected: null }],
  ['os_hidden that is text', { os_hidden: 'false' }],
  ['min_ram below zero', { min_ram: -1 }],
  ['min_ram that is text', { min_ram: '512' }],
  ['min_ram beyond 32 bits', { min_ram: 2147483648 }],
  ['min_ram with a fraction', { min_ram: 1.5 }],
  ['min_ram as a float', '{"min_ram": 512.0}'],
  ['min_disk that is null', { min_disk: null }],
  ['min_disk that is text', { min_disk: 'ten' }],
  ['an unknown disk_format', { disk_format: 'floppy' }],
  ['an unknown container_format', { container_format: 'box' }],
  ['disk_format in capitals', { disk_format: 'RAW' }],
  ['tags that are text', { tags: 'a' }],
  ['a tag that is a number', { tags: [1] }],
  ['a tag that is too long', { tags: ['t'.repeat(256)] }],
  ['an empty tag', { tags: [''] }],
  ['129 tags', { tags: numbered(129).map(([key]) => key) }],
  ['129 properties', Object.fromEntries(numbered(129))],
  ['a property that is a number', { answer: 42 }],
  ['a property that is a boolean', { answer: true }],
  ['a property that is a list', { answer: ['a'] }],
  ['a property that is an object', { answer: { a: 'b' } }],
  ['a property without a name', { '': 'x' }],
  ['a property name that is too long', { ['p'.repeat(256)]: 'x' }],
  ['a property that is too long', { p: 'v'.repeat(70_000) }],
  ['an owner that is someone else', { owner: '{project:other}' }],
  ['an owner that is null', { owner: null }],
  ['a kernel_id that is none', { kernel_id: 'x' }],
  ['an instance_uuid that is none', { instance_uuid: 'x' }],
  ['locations', { locations: [{ url: 'http://x.example/', metadata: {} }] }],
  ['an os_glance property', { os_glance_foo: 'x' }],
  ['a list', []],
  ['text', '"x"'],
  ['null', 'null'],
  ['a number', '1'],
  ['no JSON', '{'],
  ['no bytes', ''],
  ['a key twice', '{"name": "a", "name": "b"}'],
  ['NaN', '{"min_ram": NaN}'],
  ['a byte order mark', '\ufeff{}'],
  ['a lone surrogate', '{"name": "\\ud800"}'],
  ['a NUL', '{"name": "a\\u0000b"}'],
]

const READ_ONLY = {
  status: 'active',
  size: 1,
  virtual_size: 1,
  checksum: 'c',
  os_hash_algo: 'sha512',
  os_hash_value: 'v',
  created_at: '2020-01-01T00:00:00Z',
  updated_at: '2020-01-01T00:00:00Z',
  self: '/x',
  file: '/x',
  schema: '/x',
  direct_url: 'file:///x',
  stores: 'fast',
}
const RESERVED = ['deleted', 'deleted_at', 'is_public', 'members', 'properties', 'location']

const BAD: Story = {
  group: 'create, refused',
  steps: [
    ...BAD_FIELDS.map(([name, body]) => post('/v2/images', body, { name })),
    ...Object.entries(READ_ONLY).map(([key, value]) =>
      post('/v2/images', { [key]: value }, { name: `read-only ${key}` }),
    ),
    ...RESERVED.map((key) => post('/v2/images', { [key]: 'x' }, { name: `reserved ${key}` })),
    make('a'),
    make('a', {}, { name: 'an id that is taken' }),
    make('a', {}, { name: 'an id that another project has', as: 'other' }),
    send('DELETE', image('a')),
    make('a', {}, { name: 'an id that was deleted' }),
    ...[
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/JSON',
      'application/octet-stream',
    ].map((type) =>
      post('/v2/images', {}, { name: `as ${type}`, headers: { 'Content-Type': type } }),
    ),
    send('POST', '/v2/images', { name: 'without a type' }, '{"name": "typeless"}'),
    send('POST', '/v2/images', { name: 'without type or body' }),
    post(
      '/v2/images',
      {},
      {
        name: 'JSON in a charset',
        headers: { 'Content-Type': 'application/json; charset=utf-8' },
      },
    ),
    post('/v2/images?limit=x', {}, { name: 'a query is ignored' }),
  ],
}

const ROLES: Story = {
  group: 'create, by role',
  steps: [
    ...(['public', 'community', 'shared', 'private'] as const).flatMap((visibility) =>
      (['member', 'reader', 'admin'] as const).map((as) =>
        make(`${as}-${visibility}`, { visibility }, { as }),
      ),
    ),
    make(
      'given',
      { owner: '{project:other}' },
      { as: 'admin', name: 'an administrator for others' },
    ),
    make('ownerless', { owner: null }, { as: 'admin', name: 'an administrator for nobody' }),
    get(image('ownerless')),
    patch('given', [{ op: 'replace', path: '/name', value: 'x' }], { as: 'other' }),
    make('odd', { owner: 'no such project' }, { as: 'admin' }),
  ],
}

export const CREATE_STORIES: readonly Story[] = [GOOD, BAD, ROLES]
