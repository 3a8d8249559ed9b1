import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { idOf, makeImage } from './images.ts'
import { type Ask, ask, HOST, listCatalogue, PROJECT, type Served, serveImages } from './serve.ts'

const ID = idOf(1)
const REQUEST_ID = /^req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

let served: Served
before(async () => {
  served = await serveImages(listCatalogue([makeImage(1)]))
})
after(() => served.close())

const VERSIONS = ['2.15', '2.9', '2.7', '2.6', '2.5', '2.4', '2.3', '2.2', '2.1', '2.0']

function versions(base: string): unknown {
  const links = [{ rel: 'self', href: `${base}/v2/` }]
  const status = (n: string) => (n === '2.15' ? 'CURRENT' : 'SUPPORTED')
  return { versions: VERSIONS.map((n) => ({ id: `v${n}`, status: status(n), links })) }
}

test('the version list answers without a token, and links follow Host', async () => {
  for (const [path, status] of [
    ['/', 300],
    ['/versions', 200],
    ['/v1/images', 300],
    ['/v2.8/images', 300],
    ['/elsewhere/and/on', 300],
  ] as const) {
    const response = await ask(served, path, { token: '' })
    assert.equal(response.status, status, path)
    assert.equal(response.headers['content-type'], 'application/json')
    assert.deepEqual(response.json, versions(`http://${HOST}`), path)
  }
})

test('a configured public URL beats Host, in version links and redirects', async () => {
  const publicUrl = 'https://images.example/glance'
  const behind = await serveImages(listCatalogue([]), { publicUrl })
  try {
    assert.deepEqual((await ask(behind, '/')).json, versions(publicUrl))
    const { headers } = await ask(behind, `/images/${ID}`)
    assert.equal(headers.location, `${publicUrl}/v2/images/${ID}`)
  } finally {
    await behind.close()
  }
})

test('each version that is listed is a prefix that answers', async () => {
  for (const prefix of ['/v2', ...VERSIONS.map((n) => `/v${n}`)]) {
    assert.equal((await ask(served, `${prefix}/images`)).status, 200, prefix)
  }
})

test('/v2 leads a caller with a token to /v2/, where there is nothing, as in Glance', async () => {
  const entered = await ask(served, '/v2')
  assert.equal(entered.status, 302)
  assert.equal(entered.headers.location, `http://${HOST}/v2/`)
  assert.equal((await ask(served, '/v2/')).status, 404)
  assert.equal((await ask(served, '/v2', { token: '' })).status, 401)
  assert.equal((await ask(served, '/v2/', { token: '' })).status, 401)
})

test('the address of an alternate link leads to the image, token or none', async () => {
  for (const path of [`/${PROJECT}/images/${ID}`, `/images/${ID}`]) {
    for (const method of ['GET', 'HEAD']) {
      const response = await ask(served, path, { method, token: '' })
      assert.equal(response.status, 307, `${method} ${path}`)
      assert.equal(response.headers.location, `http://${HOST}/v2/images/${ID}`)
      const image = await ask(served, new URL(response.headers.location ?? '').pathname)
      assert.equal(image.status, 200)
    }
  }
})

test('a redirect never leads outside the images of this service', async () => {
  for (const id of ['%3Fa=b', '%0d%0aX-Evil:%201', '%23x', 'caf%C3%A9', '@evil.example']) {
    const { status, headers } = await ask(served, `/images/${id}`)
    assert.equal(status, 307, id)
    const { origin, pathname, search } = new URL(headers.location ?? '')
    assert.equal(origin, `http://${HOST}`)
    assert.ok(pathname.startsWith('/v2/images/'))
    assert.equal(search, '')
    assert.equal(headers['x-evil'], undefined)
  }
})

test('a request without a good token is refused in the shape of Glance', async () => {
  for (const token of ['', 'unknown']) {
    for (const path of ['/v2/images', `/v2/images/${ID}`, '/v2/schemas/image', '/v2/nowhere']) {
      const { status, headers, json } = await ask(served, path, { token })
      assert.equal(status, 401, path)
      assert.equal(
        headers['www-authenticate'],
        `Keystone uri="http://${HOST.split(':')[0]}:5000/v3"`,
      )
      assert.deepEqual(json, {
        message: 'The request you have made requires authentication.',
        code: '401 Unauthorized',
        title: 'Unauthorized',
      })
    }
  }
})

test('an identity service that cannot be asked is a 503 that says when to try again', async () => {
  const { status, headers, json } = await ask(served, '/v2/images', { token: 'down' })
  assert.equal(status, 503)
  assert.equal(headers['retry-after'], '5')
  assert.equal((json as { title: string }).title, 'Service Unavailable')
})

test('HEAD answers wherever GET does, with the same headers and no body', async () => {
  for (const path of ['/', '/versions', '/v2/images', `/v2/images/${ID}`, '/v2/schemas/image']) {
    const got = await ask(served, path)
    const head = await ask(served, path, { method: 'HEAD' })
    assert.equal(head.status, got.status, path)
    assert.equal(head.text, '')
    assert.equal(head.headers['content-type'], got.headers['content-type'])
    assert.equal(head.headers['content-length'], got.headers['content-length'])
  }
})

test('OPTIONS needs no token and names the methods', async () => {
  for (const [path, allow] of [
    ['/v2/images', 'GET, HEAD, POST, OPTIONS'],
    [`/v2/images/${ID}`, 'GET, HEAD, PATCH, DELETE, OPTIONS'],
    [`/v2/images/${ID}/file`, 'GET, HEAD, PUT, OPTIONS'],
    [`/v2/images/${ID}/members/x`, 'GET, HEAD, PUT, DELETE, OPTIONS'],
    ['/', 'GET, HEAD, OPTIONS'],
    ['/v2/nowhere', 'OPTIONS'],
    ['*', 'GET, HEAD, OPTIONS'],
  ] as const) {
    const response = await ask(served, path, { method: 'OPTIONS', token: '' })
    assert.equal(response.status, 200, path)
    assert.equal(response.headers.allow, allow, path)
    assert.equal(response.text, '')
  }
})

test('a method that a path does not have is 405 with the ones it has', async () => {
  const image = `/v2/images/${ID}`
  for (const [method, path, allow] of [
    ['PUT', '/v2/images', 'GET, HEAD, POST, OPTIONS'],
    ['PROPFIND', '/v2/images', 'GET, HEAD, POST, OPTIONS'],
    ['POST', image, 'GET, HEAD, PATCH, DELETE, OPTIONS'],
    ['POST', `${image}/file`, 'GET, HEAD, PUT, OPTIONS'],
    ['GET', `${image}/stage`, 'PUT, OPTIONS'],
    ['GET', `${image}/import`, 'POST, OPTIONS'],
    ['GET', `${image}/tags/x`, 'PUT, DELETE, OPTIONS'],
    ['GET', `${image}/actions/deactivate`, 'POST, OPTIONS'],
    ['PATCH', `${image}/members`, 'GET, HEAD, POST, OPTIONS'],
    ['PATCH', `${image}/members/x`, 'GET, HEAD, PUT, DELETE, OPTIONS'],
    ['POST', '/v2/schemas/image', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/v2/info/import', 'GET, HEAD, OPTIONS'],
    ['DELETE', `/images/${ID}`, 'GET, HEAD, OPTIONS'],
  ] as const) {
    const { status, headers, json } = await ask(served, path, { method })
    assert.equal(status, 405, `${method} ${path}`)
    assert.equal(headers.allow, allow, path)
    assert.deepEqual(json, {
      message: `The method ${method} is not allowed for this resource.`,
      code: '405 Method Not Allowed',
      title: 'Method Not Allowed',
    })
  }
})

test('what of Glance is left out says so, and what nobody knows is not found', async () => {
  for (const path of [
    'tasks',
    'tasks/x',
    'schemas/tasks',
    'metadefs/namespaces',
    'metadefs/namespaces/x/objects',
    'cache/x',
    'stores/x/y',
    `images/${ID}/locations`,
  ]) {
    const { status, json } = await ask(served, `/v2/${path}`)
    assert.equal(status, 501, path)
    assert.match((json as { message: string }).message, /not served here/)
  }
  for (const path of ['info', 'schemas/x', `images/${ID}/x`, `images/${ID}/actions/x`]) {
    assert.equal((await ask(served, `/v2/${path}`)).status, 404, path)
  }
})

test('the service says what it can do', async () => {
  const methods = { description: 'Import methods available.', type: 'array' }
  assert.deepEqual((await ask(served, '/v2/info/import')).json, {
    'import-methods': { ...methods, value: ['glance-direct'] },
  })
  assert.deepEqual((await ask(served, '/v2/info/usage')).json, { usage: {} })
  for (const path of ['/v2/info/stores', '/v2/info/stores/detail']) {
    const { status, json } = await ask(served, path)
    assert.equal(status, 404)
    const { message } = json as { message: string }
    assert.equal(message, 'Multi backend is not supported at this site.')
  }
  assert.deepEqual((await ask(served, `/v2/images/${ID}/tasks`)).json, { tasks: [] })
})

test('a body that is no part of an operation is refused', async () => {
  for (const [method, path] of [
    ['GET', `/v2/images/${ID}`],
    ['DELETE', `/v2/images/${ID}`],
    ['PUT', `/v2/images/${ID}/tags/x`],
    ['POST', `/v2/images/${ID}/actions/deactivate`],
    ['GET', `/v2/images/${ID}/members`],
  ] as const) {
    const headers = { 'content-length': '1' }
    const { status, json } = await ask(served, path, { method, headers, body: 'x' })
    assert.equal(status, 400, `${method} ${path}`)
    const { message } = json as { message: string }
    assert.equal(message, 'A body is not expected with this request.')
  }
})

const NOT_FOUND = {
  message: 'The resource could not be found.',
  code: '404 Not Found',
  title: 'Not Found',
}

test('an unknown path is 404 in the shape of Glance', async () => {
  for (const path of ['/v2/nowhere', '/v2/images/', `/v2/images/${ID}/file/x`, '/v2/schemas']) {
    const { status, headers, json } = await ask(served, path)
    assert.equal(status, 404, path)
    assert.equal(headers['content-type'], 'application/json')
    assert.deepEqual(json, NOT_FOUND)
  }
})

test('a fault is JSON for who asks for it, else text, which is what glanceclient can read', async () => {
  for (const [accept, isJson] of [
    ['application/json', true],
    ['text/html, application/json;q=0.5', true],
    ['application/*', true],
    ['*/*', false],
    ['text/html', false],
    [undefined, false],
  ] as const) {
    const { status, headers, json, text } = await ask(served, '/v2/nowhere', {
      headers: { accept },
    })
    assert.equal(status, 404)
    if (isJson) assert.deepEqual(json, NOT_FOUND)
    else {
      assert.equal(headers['content-type'], 'text/plain; charset=UTF-8')
      assert.equal(text, '404 Not Found\n\nThe resource could not be found.\n')
    }
  }
})

test('odd requests are 400 in the shape of Glance, never a 500', async () => {
  const requests: readonly (readonly [string, Ask])[] = [
    ['/v2/images/%zz', {}],
    ['/v2/images/%', {}],
    ['/v2/images/%ff', {}],
    ['/%c3%28', {}],
    ['/v2/images?name=%ff', {}],
    ['/v2/images?%c3=1', {}],
    ['/v2/images', { headers: { host: undefined } }],
    ['/v2/images', { headers: { host: 'a b' } }],
    ['/', { headers: { host: 'evil.example/path' } }],
    [`/images/${ID}`, { headers: { host: 'a@b' } }],
  ]
  for (const [path, options] of requests) {
    const { status, headers, json } = await ask(served, path, options)
    assert.equal(status, 400, path)
    assert.match(String(headers['x-openstack-request-id']), REQUEST_ID)
    const { code, title, message } = json as Record<string, string>
    assert.deepEqual([code, title], ['400 Bad Request', 'Bad Request'])
    assert.ok(message !== undefined && message.length > 10)
  }
})

test('every answer has a request id, and one for a caller is kept from shared caches', async () => {
  for (const [path, token, isPrivate] of [
    ['/', '', false],
    ['/v2/images', '', true],
    ['/v2/images', 'member', true],
    ['/v2/images?limit=x', 'member', true],
    ['/v2/nowhere', 'member', true],
    [`/images/${ID}`, '', false],
  ] as const) {
    const { headers } = await ask(served, path, { token })
    assert.match(String(headers['x-openstack-request-id']), REQUEST_ID)
    assert.equal(headers['cache-control'], isPrivate ? 'private, no-cache' : undefined, path)
    assert.equal(headers.vary, isPrivate ? 'X-Auth-Token' : undefined, path)
  }
})

test('X-Storage-Token is as good as X-Auth-Token', async () => {
  const headers = { 'x-storage-token': 'member' }
  assert.equal((await ask(served, '/v2/images', { token: '', headers })).status, 200)
})

test('the schemas tell base fields from free properties', async () => {
  type Schema = { name: string; properties: Record<string, { is_base?: boolean; items?: Schema }> }
  const image = (await ask(served, '/v2/schemas/image')).json as Schema
  const images = (await ask(served, '/v2/schemas/images')).json as Schema
  assert.equal(image.name, 'image')
  assert.deepEqual(images.properties['images']?.items, image)
  assert.equal(image.properties['kernel_id']?.is_base, false)
  const shown = (await ask(served, `/v2/images/${ID}`)).json as object
  for (const field of Object.keys(shown)) {
    assert.ok(field in image.properties, field)
    assert.equal(image.properties[field]?.is_base, undefined, field)
  }
  const member = (await ask(served, '/v2/schemas/member')).json as Schema
  const members = (await ask(served, '/v2/schemas/members')).json as Schema
  assert.equal(member.name, 'member')
  assert.deepEqual(members.properties['members']?.items, member)
})
