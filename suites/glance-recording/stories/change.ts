import {
  DATA_TYPE,
  download,
  get,
  image,
  make,
  makeActive,
  PATCH_TYPE,
  PATCH_TYPE_20,
  patch,
  remove,
  type Step,
  type Story,
  send,
  upload,
} from '../story.ts'

type Operations = readonly (readonly [string, unknown])[]

function replaces(path: string, value: unknown): unknown {
  return [{ op: 'replace', path, value }]
}

function adds(path: string, value: unknown): unknown {
  return [{ op: 'add', path, value }]
}

function removes(path: string): unknown {
  return [{ op: 'remove', path }]
}

/** Each story has its own image, so that it does not depend on the ones before. */
function overFresh(prefix: string, operations: Operations): readonly Step[] {
  return operations.flatMap(([name, body], i) => {
    const label = `${prefix}${i}`
    const fields = { name: 'old', note: 'kept', tags: ['one', 'two'] }
    return [make(label, fields, { name: `an image for: ${name}` }), patch(label, body, { name })]
  })
}

const GOOD_OPERATIONS: Operations = [
  ['replace the name', replaces('/name', 'new')],
  ['name null', replaces('/name', null)],
  ['remove the name', removes('/name')],
  ['add the name', adds('/name', 'new')],
  ['add a property', adds('/os_distro', 'debian')],
  ['add a property that is there', adds('/note', 'again')],
  ['replace a property', replaces('/note', 'again')],
  ['remove a property', removes('/note')],
  ['replace a property that is not there', replaces('/nothing', 'x')],
  ['remove a property that is not there', removes('/nothing')],
  ['a property null', adds('/note', null)],
  ['no operations', []],
  ['several operations', [...many(['/a', '/b', '/c']), { op: 'remove', path: '/b' }]],
  ['the last wins', [...many(['/a']), { op: 'replace', path: '/a', value: 'z' }]],
  ['one bad among several', [...many(['/a']), { op: 'remove', path: '/nothing' }]],
  ['escaped slash', adds('/a~1b', 'x')],
  ['escaped tilde', adds('/a~0b', 'x')],
  ['a bad escape', adds('/a~2b', 'x')],
  ['a tilde at the end', adds('/a~', 'x')],
  ['percent-encoded', adds('/a%20b', 'x')],
  ['a space', adds('/a b', 'x')],
  ['beyond ASCII', adds('/größe', '☃')],
  ['tags', replaces('/tags', ['x', 'y', 'x'])],
  ['no tags', replaces('/tags', [])],
  ['remove tags', removes('/tags')],
  ['add to tags', adds('/tags/-', 'z')],
  ['one of the tags', replaces('/tags/0', 'z')],
  ['min_ram', replaces('/min_ram', 2048)],
  ['min_disk', replaces('/min_disk', 3)],
  ['disk_format of a queued image', replaces('/disk_format', 'vdi')],
  ['container_format of a queued image', replaces('/container_format', 'ovf')],
  ['remove min_ram', removes('/min_ram')],
  ['remove disk_format', removes('/disk_format')],
  ['hide', replaces('/os_hidden', true)],
  ['protect', replaces('/protected', true)],
  ['remove protected', removes('/protected')],
  ['private', replaces('/visibility', 'private')],
  ['community', replaces('/visibility', 'community')],
  ['public', replaces('/visibility', 'public')],
  ['remove visibility', removes('/visibility')],
  ['the owner itself', replaces('/owner', '{project:member}')],
]

function many(paths: readonly string[]): readonly Record<string, string>[] {
  return paths.map((path) => ({ op: 'add', path, value: 'v' }))
}

const READ_ONLY = [
  'id',
  'status',
  'size',
  'virtual_size',
  'checksum',
  'os_hash_algo',
  'os_hash_value',
  'created_at',
  'updated_at',
  'self',
  'file',
  'schema',
  'direct_url',
  'stores',
]
const RESERVED = ['deleted', 'deleted_at', 'is_public', 'members', 'properties', 'location']

const BAD_OPERATIONS: Operations = [
  ...READ_ONLY.map((key) => [`read-only ${key}`, replaces(`/${key}`, 'x')] as const),
  ...RESERVED.map((key) => [`reserved ${key}`, adds(`/${key}`, 'x')] as const),
  ['remove the id', removes('/id')],
  ['remove a reserved name', removes('/deleted')],
  ['an os_glance property', adds('/os_glance_x', 'y')],
  ['the owner, another', replaces('/owner', '{project:other}')],
  ['the owner, null', replaces('/owner', null)],
  ['name that is a number', replaces('/name', 1)],
  ['name that is too long', replaces('/name', 'n'.repeat(256))],
  ['an unknown visibility', replaces('/visibility', 'secret')],
  ['min_ram text', replaces('/min_ram', '1')],
  ['min_ram below zero', replaces('/min_ram', -1)],
  ['protected text', replaces('/protected', 'yes')],
  ['disk_format unknown', replaces('/disk_format', 'floppy')],
  ['tags text', replaces('/tags', 'x')],
  ['a tag too long', replaces('/tags', ['t'.repeat(256)])],
  ['a property number', adds('/answer', 42)],
  ['a property name too long', adds(`/${'p'.repeat(256)}`, 'x')],
  ['locations', adds('/locations/-', { url: 'http://x.example/', metadata: {} })],
  ['locations replaced', replaces('/locations', [])],
  ['remove a location', removes('/locations/0')],
  ['a path of two', adds('/a/b', 'x')],
  ['a path without slash', adds('name', 'x')],
  ['an empty path', adds('', 'x')],
  ['the slash alone', adds('/', 'x')],
  ['a slash at the end', adds('/name/', 'x')],
  ['a path that is a number', [{ op: 'add', path: 1, value: 'x' }]],
  ['no path', [{ op: 'add', value: 'x' }]],
  ['no value', [{ op: 'add', path: '/name' }]],
  ['no op', [{ path: '/name', value: 'x' }]],
  ['an unknown op', [{ op: 'copy', from: '/name', path: '/note' }]],
  ['op test', [{ op: 'test', path: '/name', value: 'old' }]],
  ['op in capitals', [{ op: 'ADD', path: '/name', value: 'x' }]],
  ['more in an operation', [{ op: 'add', path: '/a', value: 'x', more: 1 }]],
  ['an operation that is text', ['x']],
  ['an operation that is null', [null]],
  ['the form of 2.0', [{ add: '/a', value: 'x' }]],
  ['an object', { op: 'add', path: '/a', value: 'x' }],
  ['text', '"x"'],
  ['null', 'null'],
  ['no JSON', '['],
  ['no bytes', ''],
]

const GOOD: Story = { group: 'patch', steps: overFresh('g', GOOD_OPERATIONS) }
const BAD: Story = { group: 'patch, refused', steps: overFresh('b', BAD_OPERATIONS) }

function typed(type: string, body: unknown): Step {
  return patch('a', body, { name: `as ${type}`, headers: { 'Content-Type': type } })
}

const MEDIA_TYPES: Story = {
  group: 'patch, media types',
  steps: [
    make('a', { note: 'old' }),
    typed(PATCH_TYPE_20, [{ replace: '/note', value: 'new' }]),
    typed(PATCH_TYPE_20, [{ add: '/more', value: 'new' }]),
    typed(PATCH_TYPE_20, [{ remove: '/more' }]),
    typed(PATCH_TYPE_20, adds('/a', 'x')),
    typed(PATCH_TYPE_20, [{ add: '/a', remove: '/b', value: 'x' }]),
    typed(PATCH_TYPE_20, [{ test: '/a', value: 'x' }]),
    typed(PATCH_TYPE_20, [{ add: '/a' }]),
    typed(PATCH_TYPE_20, [{}]),
    typed('application/openstack-images-v2.2-json-patch', adds('/a', 'x')),
    typed('application/json-patch+json', adds('/a', 'x')),
    typed('application/json', adds('/a', 'x')),
    typed('text/plain', adds('/a', 'x')),
    typed(DATA_TYPE, adds('/a', 'x')),
    typed(PATCH_TYPE.toUpperCase(), adds('/a', 'x')),
    typed(`${PATCH_TYPE}; charset=utf-8`, adds('/a', 'x')),
    send('PATCH', image('a'), { name: 'without a type' }, '[]'),
    get(image('a')),
  ],
}

const RIGHTS: Story = {
  group: 'patch, by role and state',
  steps: [
    ...makeActive('mine', { name: 'mine' }),
    ...makeActive('open', { visibility: 'community' }),
    ...makeActive('public', { visibility: 'public' }, { as: 'admin' }),
    make('private', { visibility: 'private' }),
    ...['mine', 'open', 'public', 'private', 'absent'].flatMap((label) =>
      (['member', 'reader', 'other', 'admin'] as const).map((as) =>
        patch(label, replaces('/name', as), { as }),
      ),
    ),
    ...['disk_format', 'container_format'].map((key) =>
      patch('mine', replaces(`/${key}`, key === 'disk_format' ? 'qcow2' : 'ovf')),
    ),
    patch('mine', removes('/disk_format'), { name: 'remove a format that is in use' }),
    patch('mine', replaces('/status', 'queued'), { as: 'admin' }),
    patch('mine', replaces('/owner', '{project:other}'), { as: 'admin' }),
    get(image('mine')),
    patch('mine', replaces('/owner', '{project:member}'), { as: 'admin' }),
    patch('mine', replaces('/visibility', 'public'), { as: 'admin' }),
    patch('mine', replaces('/name', 'still mine')),
    patch('mine', replaces('/visibility', 'private')),
    patch('mine', replaces('/visibility', 'community')),
    patch('mine', replaces('/visibility', 'shared')),
    patch('mine', replaces('/protected', true)),
    patch('mine', replaces('/name', 'protected, yet changed')),
    remove(image('mine')),
    remove(image('mine'), { as: 'admin' }),
    patch('mine', replaces('/protected', false)),
    remove(image('mine'), { as: 'other' }),
    remove(image('mine'), { as: 'reader' }),
  ],
}

const DELETION: Story = {
  group: 'delete',
  steps: [
    ...makeActive('a'),
    remove(image('a')),
    remove(image('a')),
    get(image('a')),
    download('a'),
    upload('a', 'x'),
    patch('a', replaces('/name', 'x')),
    get('/v2/images'),
    make('queued'),
    remove(image('queued')),
    make('locked', { protected: true }),
    remove(image('locked')),
    make('private', { visibility: 'private' }),
    remove(image('private'), { as: 'other' }),
    remove(image('private'), { as: 'admin' }),
    make('open', { visibility: 'community' }),
    remove(image('open'), { as: 'other' }),
    remove(image('absent')),
    remove('/v2/images/x'),
    make('bodied'),
    send('DELETE', image('bodied'), { name: 'delete with a body' }, 'x'),
  ],
}

export const CHANGE_STORIES: readonly Story[] = [GOOD, BAD, MEDIA_TYPES, RIGHTS, DELETION]
