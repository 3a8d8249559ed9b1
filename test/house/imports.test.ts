import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { test } from 'node:test'

/**
 * The rooms and what each may import. A room is the longest matching folder of `src/`; a room may
 * always import itself. `node:` modules and packages are listed where they are restricted.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  image: [],
  callers: [],
  deprecation: [],
  'file-trouble': [],
  tracing: [],
  'tracing/otlp': ['tracing'],
  ledger: ['callers', 'file-trouble'],
  limits: [],
  metrics: ['callers'],
  successor: ['image'],
  catalogue: ['image', 'tracing'],
  'catalogue/memory': ['catalogue', 'image'],
  'catalogue/sqlite': ['catalogue', 'image', 'database', 'file-trouble'],
  'catalogue/glance': ['catalogue', 'image', 'upstream'],
  'catalogue/short-memory': ['catalogue', 'image'],
  database: ['file-trouble'],
  upstream: ['limits', 'tracing'],
  'image-data': [],
  identity: ['tracing'],
  'identity/local': ['identity', 'database', 'file-trouble', 'limits'],
  'identity/keystone': ['identity', 'tracing', 'upstream'],
  'identity/unchecked': ['identity'],
  'api/face': [],
  'api/request': ['identity', 'tracing'],
  'api/compute': [
    'api/face',
    'api/request',
    'callers',
    'catalogue',
    'deprecation',
    'identity',
    'image',
    'ledger',
    'successor',
    'tracing',
  ],
  'api/image': [
    'api/face',
    'api/request',
    'catalogue',
    'identity',
    'image',
    'image-data',
    'tracing',
  ],
  'api/ims': ['api/face', 'api/request', 'catalogue', 'identity', 'image'],
  'api/identity': ['api/face', 'api/request', 'identity', 'tracing'],
  transfer: ['catalogue', 'image'],
  backup: ['catalogue/sqlite', 'database', 'file-trouble', 'image', 'image-data'],
  config: ['callers', 'deprecation', 'file-trouble'],
  'server/compression': ['api/face'],
  server: [
    'api/face',
    'api/request',
    'api/compute',
    'api/image',
    'api/ims',
    'api/identity',
    'callers',
    'catalogue',
    'catalogue/glance',
    'catalogue/short-memory',
    'catalogue/sqlite',
    'config',
    'database',
    'deprecation',
    'file-trouble',
    'identity',
    'identity/keystone',
    'identity/local',
    'identity/unchecked',
    'image',
    'image-data',
    'ledger',
    'limits',
    'metrics',
    'server/compression',
    'tracing',
    'tracing/otlp',
    'transfer',
    'upstream',
  ],
  cli: [
    'api/compute',
    'api/request',
    'backup',
    'catalogue',
    'catalogue/sqlite',
    'config',
    'database',
    'deprecation',
    'file-trouble',
    'identity',
    'identity/local',
    'image',
    'ledger',
    'limits',
    'server',
    'successor',
    'transfer',
    'workers',
  ],
  workers: ['identity', 'identity/local', 'limits'],
}

/** Modules that only some rooms may use. */
const RESTRICTED: readonly { readonly module: RegExp; readonly rooms: readonly string[] }[] = [
  { module: /^node:sqlite$/, rooms: ['database', 'catalogue/sqlite', 'ledger'] },
  {
    module: /^node:(http|https|net|tls)$/,
    rooms: [
      'server',
      'api/request',
      'api/compute',
      'api/image',
      'api/ims',
      'api/identity',
      'upstream',
      'config',
      'identity/local',
      'limits',
      'tracing/otlp',
      'cli',
    ],
  },
  {
    module: /^fastify$/,
    rooms: [
      'server',
      'server/compression',
      'api/face',
      'api/request',
      'api/compute',
      'api/image',
      'api/ims',
      'api/identity',
    ],
  },
  { module: /^undici$/, rooms: ['upstream'] },
  { module: /^prom-client$/, rooms: ['metrics'] },
  { module: /^@opentelemetry\//, rooms: ['tracing/otlp'] },
  { module: /^commander$/, rooms: ['cli'] },
  { module: /^node:cluster$/, rooms: ['workers'] },
]

const project = new URL('../../', import.meta.url).pathname
const source = join(project, 'src')

interface Import {
  readonly file: string
  readonly target: string
}

function sourceFiles(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return files.filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
}

/** What the files in a folder import; type imports too. */
function imports(folder = source): readonly Import[] {
  return sourceFiles(folder).flatMap((file) => {
    const text = readFileSync(join(folder, file), 'utf8')
    const targets = [
      ...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom '([^']+)'/gms),
      ...text.matchAll(/^import '([^']+)'/gm),
      ...text.matchAll(/\bimport\('([^']+)'\)/g),
    ]
    return targets.map(([, target = '']) => ({ file, target }))
  })
}

function roomOf(file: string): string {
  const folder = dirname(file).split(sep).join('/')
  const rooms = Object.keys(ROOMS).filter((r) => folder === r || folder.startsWith(`${r}/`))
  return rooms.toSorted((a, b) => b.length - a.length)[0] ?? folder
}

test('every file stands in a room, and each room imports only what it may see', () => {
  const wrong: string[] = []
  for (const { file, target } of imports()) {
    const room = roomOf(file)
    const allowed = ROOMS[room]
    if (allowed === undefined) {
      wrong.push(`${file}: stands in no room`)
      continue
    }
    if (!target.startsWith('.')) continue
    const other = roomOf(relative(source, join(source, dirname(file), target)))
    if (other !== room && !allowed.includes(other)) wrong.push(`${file}: imports ${target}`)
  }
  assert.deepEqual(wrong, [])
})

test('the core is pure: no import from outside, no clock, no randomness, no process', () => {
  const outside = imports().filter(
    ({ file, target }) => roomOf(file) === 'image' && !target.startsWith('./'),
  )
  assert.deepEqual(outside, [])
  const impure = readdirSync(join(source, 'image')).filter((file) =>
    /\b(Date\.now|new Date\(\)|Math\.random|process\.|performance\.)/.test(
      readFileSync(join(source, 'image', file), 'utf8'),
    ),
  )
  assert.deepEqual(impure, [])
})

test('SQL, HTTP and the command line are met only in their rooms', () => {
  const wrong = imports().filter(({ file, target }) =>
    RESTRICTED.some(({ module, rooms }) => module.test(target) && !rooms.includes(roomOf(file))),
  )
  assert.deepEqual(wrong, [])
})

test('only the configuration reads the environment', () => {
  const readers = sourceFiles(source).filter((f) =>
    /process\.env\b/.test(readFileSync(join(source, f), 'utf8')),
  )
  assert.deepEqual(
    readers.filter((f) => !f.startsWith('config/')),
    [],
  )
})

test('relative imports name the file that is run', () => {
  const bare = imports().filter(({ target }) => target.startsWith('.') && !target.endsWith('.ts'))
  assert.deepEqual(bare, [])
})

/** The files that each file imports, by their paths from the project's root. */
function importGraph(): ReadonlyMap<string, readonly string[]> {
  const graph = new Map<string, string[]>()
  for (const folder of ['src', 'bench', 'suites', 'test']) {
    for (const { file, target } of imports(join(project, folder))) {
      if (!target.startsWith('.')) continue
      const importer = join(folder, file)
      const imported = graph.get(importer) ?? []
      graph.set(importer, [...imported, join(dirname(importer), target)])
    }
  }
  return graph
}

/** The circles that a depth-first walk runs into; none means that the graph has none. */
function circles(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const found: string[] = []
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file)
    if (start >= 0) found.push([...path.slice(start), file].join(' -> '))
    if (start >= 0 || done.has(file)) return
    for (const imported of graph.get(file) ?? []) walk(imported, [...path, file])
    done.add(file)
  }
  for (const file of graph.keys()) walk(file, [])
  return found
}

test('no file imports itself by way of others', () => {
  const graph = importGraph()
  assert.ok(graph.size > 0)
  assert.deepEqual(circles(graph), [])
})

test('a circle of imports is found from whichever file the walk begins', () => {
  const edges = { a: ['b'], b: ['c', 'd'], c: [], d: ['e'], e: ['b'] }
  assert.deepEqual(circles(new Map(Object.entries(edges))), ['b -> d -> e -> b'])
  assert.deepEqual(circles(new Map(Object.entries(edges).toReversed())), ['e -> b -> d -> e'])
})

test('the rooms stand in the picture in ARCHITECTURE.md', () => {
  const doc = readFileSync(new URL('../../ARCHITECTURE.md', import.meta.url), 'utf8')
  const missing = Object.keys(ROOMS).filter((room) => !doc.includes(`${room}/`))
  assert.deepEqual(missing, [])
})
