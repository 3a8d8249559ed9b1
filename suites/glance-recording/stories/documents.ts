import { get, image, make, post, type Story, send, type Who } from '../story.ts'

/**
 * Requests that need no image: versions, schemas, info, authentication, and paths that do not
 * exist.
 */

const VERSIONS: Story = {
  group: 'versions',
  steps: [
    ...[
      '/',
      '/versions',
      '/versions/',
      '/v2',
      '/v2/',
      '/v1',
      '/v1/images',
      '/v3',
      '/v2.0',
      '/x',
    ].flatMap((path) => [get(path, { as: 'none' }), get(path)]),
    get('/', { as: 'bad' }),
    get('/v2/', { as: 'bad' }),
    get('/v2.0/images'),
    get('/v2.9/images'),
    get('/v2.99/images'),
    get('/', { name: 'as text', headers: { Accept: 'text/plain' } }),
    get('/', { name: 'as a version', headers: { Accept: 'application/vnd.openstack.images-v2' } }),
    post('/', {}),
    post('/versions', {}),
    send('HEAD', '/'),
    send('HEAD', '/versions'),
  ],
}

const SCHEMAS: Story = {
  group: 'schemas',
  steps: [
    ...['image', 'images', 'member', 'members', 'task', 'tasks', 'nothing'].map((name) =>
      get(`/v2/schemas/${name}`),
    ),
    get('/v2/schemas'),
    get('/v2/schemas/metadefs/namespace'),
    get('/v2/schemas/image', { as: 'none' }),
    get('/v2/schemas/image', { as: 'reader' }),
    get('/v2/schemas/image/'),
    post('/v2/schemas/image', {}),
    send('HEAD', '/v2/schemas/image'),
    send('DELETE', '/v2/schemas/members'),
  ],
}

const INFO: Story = {
  group: 'info',
  steps: [
    ...['import', 'stores', 'stores/detail', 'usage', 'nothing'].flatMap((name) => [
      get(`/v2/info/${name}`),
      get(`/v2/info/${name}`, { as: 'admin' }),
    ]),
    get('/v2/info'),
    get('/v2/info/import', { as: 'reader' }),
    get('/v2/info/import', { as: 'none' }),
    get('/v2/info/usage', { as: 'none' }),
    post('/v2/info/import', {}),
  ],
}

const PATHS = ['/v2/images', '/v2/images/x', '/v2/nothing', '/v2/schemas/image', '/v2']

const ADMISSION: Story = {
  group: 'admission',
  steps: [
    ...(['none', 'bad'] as const).flatMap((as: Who) => PATHS.map((path) => get(path, { as }))),
    get('/v2/images', { name: 'an empty token', as: 'none', headers: { 'X-Auth-Token': '' } }),
    post('/v2/images', '{', { name: 'bad JSON without a token', as: 'none' }),
    send('PUT', '/v2/images', { as: 'bad' }),
    send('OPTIONS', '/v2/images', { as: 'none' }),
    send('OPTIONS', '/v2/images'),
  ],
}

const METHODS = ['PUT', 'PATCH', 'DELETE', 'HEAD', 'BREW'] as const

const ROUTES: Story = {
  group: 'routes',
  steps: [
    make('a'),
    ...METHODS.map((method) => send(method, '/v2/images')),
    ...['POST', 'PUT', 'HEAD', 'BREW'].map((method) => send(method, image('a'))),
    ...['POST', 'DELETE', 'PATCH', 'HEAD'].map((method) => send(method, `${image('a')}/file`)),
    ...['GET', 'POST', 'DELETE'].map((method) => send(method, `${image('a')}/stage`)),
    ...['GET', 'PUT'].map((method) => send(method, `${image('a')}/import`)),
    ...['PUT', 'PATCH', 'DELETE'].map((method) => send(method, `${image('a')}/members`)),
    ...['GET', 'PUT', 'POST'].map((method) => send(method, `${image('a')}/actions/deactivate`)),
    send('POST', `${image('a')}/actions/explode`),
    ...['GET', 'POST'].map((method) => send(method, `${image('a')}/tags/t`)),
    get(`${image('a')}/tags`),
    get(`${image('a')}/nothing`),
    get(`${image('a')}/`),
    get('/v2/images/'),
    get('/v2//images'),
    get('/v2/./images'),
    get('/v2/nothing'),
    get('/v2/images.json'),
    post('/v2/nothing', {}),
  ],
}

/** Resources of Glance besides images. */
const OTHER_RESOURCES: Story = {
  group: 'other resources',
  steps: [
    make('a'),
    ...(['member', 'admin'] as const).flatMap((as) => [
      get('/v2/tasks?type=none', { as }),
      get('/v2/tasks/{image:absent}', { as }),
      post('/v2/tasks', { type: 'import', input: {} }, { as }),
      get('/v2/metadefs/namespaces', { as }),
      get('/v2/metadefs/resource_types', { as }),
      get('/v2/cache', { as }),
      send('DELETE', '/v2/cache', { as }),
      get('/v2/cached_images', { as }),
      get('/v2/queued_images', { as }),
      get(`${image('a')}/locations`, { as }),
      get(`${image('a')}/tasks`, { as }),
      send('DELETE', '/v2/stores/fast/{image:a}', { as }),
      get('/v2/discovery', { as }),
    ]),
  ],
}

const SHAPES = [
  ['JSON', 'application/json'],
  ['any', '*/*'],
  ['HTML', 'text/html'],
  ['text', 'text/plain'],
  ['an image', 'image/png'],
  ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['JSON before any', 'application/json, */*;q=0.1'],
] as const

const FAULT_SHAPES: Story = {
  group: 'fault shapes',
  steps: [
    make('locked', { protected: true }),
    ...SHAPES.flatMap(([shape, accept]) => {
      const headers = { Accept: accept }
      return [
        get('/v2/images/{image:absent}', { name: `404 as ${shape}`, headers }),
        get('/v2/images?limit=x', { name: `400 as ${shape}`, headers }),
        send('DELETE', image('locked'), { name: `403 as ${shape}`, headers }),
        get('/v2/nothing', { name: `unknown path as ${shape}`, headers }),
        send('PUT', '/v2/images', { name: `405 as ${shape}`, headers }),
      ]
    }),
    get('/v2/images/<b>&"', { name: 'what HTML must escape', headers: { Accept: 'text/html' } }),
    get('/v2/images/%3Cb%3E%26%22', { name: 'the same in JSON' }),
  ],
}

export const DOCUMENT_STORIES: readonly Story[] = [
  VERSIONS,
  SCHEMAS,
  INFO,
  ADMISSION,
  ROUTES,
  OTHER_RESOURCES,
  FAULT_SHAPES,
]
