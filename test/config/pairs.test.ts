import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { type Flags, loadConfig } from '../../src/config/load.ts'
import { type Mode, modeOf } from '../../src/config/pairs.ts'
import { ConfigError } from '../../src/config/settings.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-pairs-'))
after(() => rmSync(dir, { recursive: true, force: true }))

const GLANCE = 'http://glance.test:9292'
const KEYSTONE = 'http://keystone.test:5000/v3'

function load(flags: Flags, environment: Readonly<Record<string, string>> = {}) {
  return loadConfig({ flags, environment, cwd: dir })
}

function problemsOf(flags: Flags, environment: Readonly<Record<string, string>> = {}) {
  try {
    load(flags, environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('what holds the images and what knows the callers', () => {
  const allowed: readonly [string, Flags, Mode][] = [
    ['nothing', {}, 'embedded'],
    ['Glance and Keystone', { 'glance.url': GLANCE, 'keystone.url': KEYSTONE }, 'cloud'],
    ['a cloud by name', { cloud: 'mine' }, 'cloud'],
    ['a cloud by name and its Glance', { cloud: 'mine', 'glance.url': GLANCE }, 'cloud'],
    ['Glance alone', { 'glance.url': GLANCE }, 'glance_alone'],
    ['Glance alone, no memory', { 'glance.url': GLANCE, 'cache.ttlMs': '0' }, 'glance_alone'],
    [
      'no rate of projects',
      { 'glance.url': GLANCE, 'limits.projectRequestsPerMinute': '0' },
      'glance_alone',
    ],
    [
      'rates and bursts',
      {
        'limits.projectRequestsPerMinute': '600',
        'limits.projectBurst': '5',
        'limits.addressRequestsPerMinute': '600',
        'limits.addressBurst': '5',
      },
      'embedded',
    ],
    ['nothing but Nova behind', { 'compute.upstreamUrl': 'http://nova.test:8774' }, 'embedded'],
    [
      'Nova on this machine at another port',
      { 'compute.upstreamUrl': 'http://127.0.0.1:8764', 'upstream.connectTimeoutMs': '1000' },
      'embedded',
    ],
    [
      "a name of Nova's with the port of here",
      { 'glance.url': GLANCE, 'compute.upstreamUrl': 'http://nova.test:8774' },
      'glance_alone',
    ],
    [
      'a memory over Glance and Keystone',
      { 'glance.url': GLANCE, 'keystone.url': KEYSTONE, 'cache.ttlMs': '1000' },
      'cloud',
    ],
  ]
  for (const [what, flags, mode] of allowed) {
    it(`takes ${what}`, () => assert.equal(modeOf(load(flags).config), mode))
  }

  const refused: readonly [string, Flags, RegExp][] = [
    [
      'a rate of projects where nobody knows them',
      { 'glance.url': GLANCE, 'limits.projectRequestsPerMinute': '60' },
      /^limits\.projectRequestsPerMinute \(.*\) needs a Keystone: give --keystone-url/,
    ],
    [
      'a burst of projects without a rate',
      { 'limits.projectBurst': '5' },
      /^limits\.projectBurst \(.*\) needs a rate: give --limits-project-requests-per-minute/,
    ],
    [
      'a burst of addresses without a rate',
      { 'limits.addressBurst': '5' },
      /^limits\.addressBurst \(.*\) needs a rate: give --limits-address-requests-per-minute/,
    ],
    [
      'Keystone alone',
      { 'keystone.url': KEYSTONE },
      /^keystone\.url \(--keystone-url\) needs a Glance: give --glance-url too$/,
    ],
    [
      'metrics of several processes',
      { 'metrics.port': '65535', workers: '2' },
      /^metrics\.port \(--metrics-port\) leaves no port for each worker's metrics: give one up to 65534$/,
    ],
    [
      'an address for metrics that are not printed',
      { 'metrics.host': '::1' },
      /^metrics\.host \(--metrics-host\) is where nothing is printed: give --metrics-port/,
    ],
    [
      'a memory over Glance alone',
      { 'glance.url': GLANCE, 'cache.ttlMs': '1' },
      /^cache\.ttlMs \(--cache-ttl-ms\) needs a Keystone.*--keystone-url/,
    ],
    [
      'old answers over Glance alone',
      { 'glance.url': GLANCE, 'cache.staleIfErrorMs': '1' },
      /^cache\.staleIfErrorMs \(--cache-stale-if-error-ms\) needs a Keystone/,
    ],
    [
      'lists for each user over Glance alone',
      { 'glance.url': GLANCE, 'cache.keyByUser': 'true' },
      /^cache\.keyByUser/,
    ],
    [
      'a memory over the embedded catalogue',
      { 'cache.ttlMs': '1' },
      /^cache\.ttlMs .* is about a Glance/,
    ],
    [
      'a region without a Keystone',
      { 'glance.url': GLANCE, region: 'one' },
      /^region .* needs a Keystone/,
    ],
    ...(
      [
        ['image.port', '1'],
        ['image.sizeBytesMax', '1'],
        ['image.freeBytesMin', '1'],
        ['image.uploadsMax', '1'],
        ['image.requireFormatMatch', 'true'],
        ['identity.port', '1'],
        ['tokens.lifetimeHours', '1'],
      ] as const
    ).flatMap(([key, value]): [string, Flags, RegExp][] => [
      [
        `${key} over a Glance`,
        { cloud: 'mine', [key]: value },
        /^\S+ \(--\S+\) is about the embedded catalogue and its users; leave it out$/,
      ],
      [`${key} over Glance alone`, { 'glance.url': GLANCE, [key]: value }, /embedded catalogue/],
    ]),
    [
      'deadlines of a Glance that is not there',
      { 'upstream.answerTimeoutMs': '1000' },
      /^upstream\.answerTimeoutMs .* is about a Glance: give --glance-url/,
    ],
    [
      'the same where there is but a Nova',
      { 'compute.upstreamUrl': 'http://nova.test', 'upstream.queueMax': '1' },
      /^upstream\.queueMax .* is about a Glance/,
    ],
    [
      'deadlines of a Nova that is not there',
      { 'glance.url': GLANCE, 'compute.upstreamTimeoutMs': '1000' },
      /^compute\.upstreamTimeoutMs .* is about a Nova: give --compute-upstream-url/,
    ],
    ...(
      [
        ['http://127.0.0.1:8774', {}],
        ['http://localhost:8774/v2.1', {}],
        ['http://[::1]:8774', { host: '::' }],
        ['http://10.0.0.1', { host: '10.0.0.1', 'compute.port': '80' }],
      ] as const
    ).map(([url, flags]): [string, Flags, RegExp] => [
      `its own address ${url} as Nova's`,
      { ...flags, 'glance.url': GLANCE, 'compute.upstreamUrl': url },
      /^compute\.upstreamUrl .* is where Afterimage itself listens; .*--compute-port/,
    ]),
    [
      'a part of traces that nobody gets',
      { 'tracing.sampleRatio': '1' },
      /^tracing\.sampleRatio .* is of traces that nobody gets: give --tracing-otlp-url/,
    ],
    [
      'a cloud and its Keystone',
      { cloud: 'mine', 'keystone.url': KEYSTONE },
      /^keystone\.url \(--keystone-url\) is what "cloud" says/,
    ],
    [
      'a service user without a password',
      { 'glance.url': GLANCE, 'keystone.url': KEYSTONE, 'keystone.serviceUser': 'nova' },
      /AFTERIMAGE_KEYSTONE_SERVICE_PASSWORD.*--keystone-service-password-file/,
    ],
  ]
  for (const [what, flags, problem] of refused) {
    it(`refuses ${what}`, () => {
      const problems = problemsOf(flags)
      assert.equal(problems.length, 1, problems.join('\n'))
      assert.match(problems[0] ?? '', problem)
    })
  }

  it('leaves the ports that nobody listens on alone', () => {
    const flags = { 'glance.url': GLANCE, 'keystone.url': KEYSTONE, 'compute.port': '9292' }
    assert.deepEqual(problemsOf(flags), [])
    assert.equal(problemsOf({ 'compute.port': '9292' }).length, 1)
  })
})

describe("the service user's password", () => {
  const flags = {
    'glance.url': GLANCE,
    'keystone.url': KEYSTONE,
    'keystone.serviceUser': 'nova',
  }
  const variable = { AFTERIMAGE_KEYSTONE_SERVICE_PASSWORD: 'open sesame' }

  it('comes from its variable, and is never printed', () => {
    const loaded = load(flags, variable)
    assert.equal(loaded.secrets.servicePassword?.reveal(), 'open sesame')
    const printed = JSON.stringify(loaded) + inspect(loaded, { depth: 9, showHidden: true })
    assert.doesNotMatch(printed, /sesame/)
  })

  it('comes from its file, without the line break at the end', () => {
    writeFileSync(join(dir, 'password'), 'open sesame\n')
    const { secrets } = load({ ...flags, 'keystone.servicePasswordFile': 'password' })
    assert.equal(secrets.servicePassword?.reveal(), 'open sesame')
  })

  it('must be there: neither an empty file nor none', () => {
    writeFileSync(join(dir, 'empty'), '')
    const empty = problemsOf({ ...flags, 'keystone.servicePasswordFile': 'empty' })
    assert.match(empty[0] ?? '', /empty: must hold a password/)
    const none = problemsOf({ ...flags, 'keystone.servicePasswordFile': 'none' })
    assert.match(none[0] ?? '', /"none" is not right; it must be the path of a file/)
  })

  it('needs a user, and a user needs a Keystone', () => {
    const { 'keystone.serviceUser': _, ...others } = flags
    assert.match(problemsOf(others, variable)[0] ?? '', /give --keystone-service-user/)
    const alone = problemsOf({ 'glance.url': GLANCE, 'keystone.serviceUser': 'nova' }, variable)
    assert.match(alone[0] ?? '', /keystone\.serviceUser .* needs a Keystone/)
  })
})

describe('the part of traces that is recorded', () => {
  const url = 'http://127.0.0.1:4318/'
  for (const [text, value] of [
    ['0', 0],
    ['0.05', 0.05],
    ['1', 1],
    ['1.0', 1],
  ] as const) {
    it(`may be ${text}`, () => {
      const { config } = load({ 'tracing.otlpUrl': url, 'tracing.sampleRatio': text })
      assert.deepEqual(config.tracing, { otlpUrl: 'http://127.0.0.1:4318', sampleRatio: value })
    })
  }
  for (const text of ['', '.5', '1.1', '2', '-0.1', '1e-2', '5%', '0.', 'NaN']) {
    it(`may not be ${JSON.stringify(text)}`, () => {
      const [problem = 'taken'] = problemsOf({
        'tracing.otlpUrl': url,
        'tracing.sampleRatio': text,
      })
      assert.match(problem, /tracing\.sampleRatio|--tracing-sample-ratio/)
    })
  }
})

describe('values for a cloud', () => {
  it('takes several addresses of Glance from a flag and from a file', () => {
    const both = [GLANCE, 'https://other.test/image']
    assert.deepEqual(load({ 'glance.url': both.join(',') }).config.glance.url, both)
    writeFileSync(join(dir, 'a.yaml'), `glance:\n  url: [${both.join(', ')}]\n`)
    const loaded = loadConfig({ flags: {}, environment: {}, cwd: dir, configFile: 'a.yaml' })
    assert.deepEqual(loaded.config.glance.url, both)
  })

  it('takes true in a file where true or false is asked for', () => {
    const yaml = `glance: { url: "${GLANCE}" }\nkeystone: { url: "${KEYSTONE}" }\n`
    writeFileSync(join(dir, 'b.yaml'), `${yaml}cache: { keyByUser: true }\n`)
    const loaded = loadConfig({ flags: {}, environment: {}, cwd: dir, configFile: 'b.yaml' })
    assert.equal(loaded.config.cache.keyByUser, true)
  })

  writeFileSync(join(dir, 'nonsense.pem'), 'nonsense')
  const wrong: readonly [string, Flags, RegExp][] = [
    ['one address of several', { 'glance.url': `${GLANCE},x` }, /^--glance-url: .*separated by/],
    ['no address', { 'glance.url': '' }, /^--glance-url/],
    ['a file that is not there', { 'upstream.caFile': 'none.pem' }, /^--upstream-ca-file/],
    ['a file of no certificates', { 'upstream.caFile': 'nonsense.pem' }, /certificates \(PEM\)$/],
    ['a folder for a file', { 'upstream.caFile': '.' }, /^--upstream-ca-file/],
    ['a time in words', { 'upstream.answerTimeoutMs': 'soon' }, /from 100 to 600000/],
    ['yes for true', { 'cache.keyByUser': 'yes' }, /must be true or false/],
  ]
  for (const [what, flags, problem] of wrong) {
    it(`refuses ${what}`, () => assert.match(problemsOf(flags)[0] ?? 'taken', problem))
  }
})
