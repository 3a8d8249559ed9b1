import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { type ConfigSources, loadConfig } from '../../src/config/load.ts'
import { OPTION_KEYS } from '../../src/config/options.ts'
import { ConfigError } from '../../src/config/settings.ts'

const dir = mkdtempSync(join(tmpdir(), 'afterimage-config-'))
after(() => rmSync(dir, { recursive: true, force: true }))

function load(given: Partial<ConfigSources> = {}) {
  return loadConfig({ flags: {}, environment: {}, cwd: dir, ...given })
}

function loadYaml(text: string, given: Partial<ConfigSources> = {}) {
  writeFileSync(join(dir, 'a.yaml'), text)
  return load({ configFile: 'a.yaml', ...given })
}

function problemsOf(act: () => unknown): readonly string[] {
  try {
    act()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('precedence', () => {
  const yaml = 'compute:\n  port: 1001\nimage: { port: 1002 }\nhost: 127.0.0.3\n'

  it('takes flags before variables before the file before defaults', () => {
    const { config, origins } = loadYaml(yaml, {
      flags: { 'compute.port': '3001' },
      environment: { AFTERIMAGE_COMPUTE_PORT: '2001', AFTERIMAGE_IMAGE_PORT: '2002' },
    })
    assert.equal(config.compute.port, 3001)
    assert.equal(config.image.port, 2002)
    assert.equal(config.host, '127.0.0.3')
    assert.equal(config.identity.port, 5000)
    assert.deepEqual(origins['compute.port'], { from: 'flag', flag: '--compute-port' })
    assert.deepEqual(origins['image.port'], { from: 'variable', variable: 'AFTERIMAGE_IMAGE_PORT' })
    assert.deepEqual(origins.host, { from: 'file', file: 'a.yaml', line: 4, key: 'host' })
    assert.deepEqual(origins['identity.port'], { from: 'default' })
  })

  it('checks a value also where it is overridden', () => {
    const problems = problemsOf(() =>
      load({ flags: { host: '::1' }, environment: { AFTERIMAGE_HOST: 'not a host' } }),
    )
    assert.equal(problems.length, 1)
    assert.match(problems[0] ?? '', /^AFTERIMAGE_HOST: "not a host"/)
  })

  it('reads "auto" workers as the number of cores, up to the limit', () => {
    const workers = (text: string) => load({ flags: { workers: text } }).config.workers
    assert.equal(workers('auto'), Math.min(availableParallelism(), 64))
    assert.equal(workers('64'), 64)
    for (const text of ['0', '65', 'many', '']) {
      assert.match(problemsOf(() => workers(text))[0] ?? '', /^--workers: .* from 1 to 64, or auto/)
    }
  })

  it('has defaults that need nothing and stay on the loopback interface', () => {
    const { config, secrets } = load()
    assert.equal(config.host, '127.0.0.1')
    assert.equal(config.data, join(dir, 'afterimage-data'))
    assert.deepEqual(
      [config.compute.port, config.image.port, config.identity.port],
      [8774, 9292, 5000],
    )
    assert.equal(config.compute.publicUrl, undefined)
    assert.deepEqual(config.trustedProxies, [])
    assert.equal(secrets.password, undefined)
  })

  it('gives every option an origin', () => {
    assert.deepEqual(Object.keys(load().origins), [...OPTION_KEYS])
  })

  it('takes the file from AFTERIMAGE_CONFIG, and --config before it', () => {
    writeFileSync(join(dir, 'b.yaml'), 'host: ::1\n')
    const environment = { AFTERIMAGE_CONFIG: 'b.yaml' }
    assert.equal(load({ environment }).config.host, '::1')
    assert.equal(loadYaml('host: localhost', { environment }).config.host, 'localhost')
  })

  it('counts an empty variable as not set', () => {
    const environment = { AFTERIMAGE_HOST: '', AFTERIMAGE_CONFIG: '', AFTERIMAGE_PASSWORD: '' }
    const { config, secrets } = load({ environment })
    assert.equal(config.host, '127.0.0.1')
    assert.equal(secrets.password, undefined)
  })
})

describe('paths', () => {
  it('start at the working folder in flags and variables, at the file in a file', () => {
    assert.equal(load({ flags: { data: 'x' } }).config.data, join(dir, 'x'))
    assert.equal(load({ environment: { AFTERIMAGE_DATA: 'y' } }).config.data, join(dir, 'y'))
    const { config } = loadYaml('data: z', { cwd: '/', configFile: join(dir, 'a.yaml') })
    assert.equal(config.data, join(dir, 'z'))
  })
})

describe('wrong input', () => {
  const cases: readonly [string, Partial<ConfigSources>, RegExp][] = [
    ['a port too high', { flags: { 'image.port': '65536' } }, /^--image-port: "65536".*1 to 65535/],
    ['a port in words', { flags: { 'image.port': 'http' } }, /^--image-port: "http"/],
    ['a port with a sign', { flags: { 'image.port': '+80' } }, /^--image-port/],
    ['an empty flag', { flags: { data: '' } }, /^--data: ""/],
    ['a host with a port', { flags: { host: '127.0.0.1:80' } }, /^--host.*no port/],
    ['half an IPv4 address', { flags: { host: '127.0.1' } }, /^--host/],
    ['a URL without scheme', { flags: { 'compute.publicUrl': 'x.org' } }, /^--compute-public-url/],
    ['a URL of files', { flags: { 'compute.publicUrl': 'file:///x' } }, /^--compute-public-url/],
    ['a URL with a user', { flags: { 'image.publicUrl': 'http://u:p@x/' } }, /without user/],
    ['a URL with a query', { flags: { 'image.publicUrl': 'http://x/?a' } }, /query/],
    ['a network too wide', { flags: { trustedProxies: '10.0.0.0/33' } }, /^--trusted-proxies/],
    ['a network by name', { flags: { trustedProxies: '::1,proxy' } }, /^--trusted-proxies/],
    ['no hours', { flags: { 'tokens.lifetimeHours': '0' } }, /^--tokens-lifetime-hours.*from 1/],
    ['a strange level', { flags: { 'log.level': 'loud' } }, /^--log-level.*trace, debug/],
    ['one port twice', { flags: { 'image.port': '8774' } }, /compute\.port \(default\) and image/],
    [
      'a variable nobody reads',
      { environment: { AFTERIMAGE_COMPUTE_PROT: '1' } },
      /^AFTERIMAGE_COMPUTE_PROT: there is no such variable \(did you mean "AFTERIMAGE_COMPUTE_PORT"\?\)$/,
    ],
    ['a variable like nothing', { environment: { AFTERIMAGE_XYZZY: '1' } }, /such variable$/],
    [
      'a port that Kubernetes set',
      { environment: { AFTERIMAGE_COMPUTE_PORT: 'tcp://10.0.0.1:8774' } },
      /enableServiceLinks/,
    ],
    [
      'a missing file',
      { configFile: 'none.yaml' },
      /^none\.yaml: there is no such file or folder; /,
    ],
    ['a folder as file', { configFile: '.' }, /^\.: it is a folder, not a file; /],
  ]
  for (const [what, given, expected] of cases) {
    it(`names the place of ${what}`, () => {
      const problems = problemsOf(() => load(given))
      assert.equal(problems.length, 1, problems.join('\n'))
      assert.match(problems[0] ?? '', expected)
    })
  }

  const files: readonly [string, string, RegExp][] = [
    [
      'an unknown key',
      'hots: x',
      /^a\.yaml:1: there is no option "hots" \(did you mean "host"\?\)/,
    ],
    ['a key in snake case', 'image:\n  public_url: http://x', /^a\.yaml:2: .*"image\.publicUrl"/],
    ['an unknown section', '\ncomputer:\n  port: 1', /^a\.yaml:2: there is no option "computer"/],
    ['a section without keys', 'compute: 8774', /^a\.yaml:1: compute must hold/],
    ['a value that is a section', 'host:\n  name: x', /^a\.yaml:1: host must be/],
    ['a key without value', 'host:', /^a\.yaml:1: host must be/],
    ['a list where one is asked', 'host: [a, b]', /^a\.yaml:1: host must be/],
    ['true for text', 'host: true', /^a\.yaml:1: host must be/],
    ['a key twice', 'host: a\nhost: b', /^a\.yaml:2: .*unique/],
    ['broken YAML', 'host: [a', /^a\.yaml:1: /],
    ['a list at the top', '- host', /^a\.yaml:1: must hold/],
    ['a wrong value', 'log:\n  level: loud', /^a\.yaml:2: log\.level: "loud"/],
    ['a hexadecimal port', 'image:\n  port: 0x50', /^a\.yaml:2: image\.port: "0x50"/],
    ['a password in the file', 'password: secret', /^a\.yaml:1: there is no option "password"/],
    ['__proto__', '__proto__: { host: x }', /^a\.yaml:1: there is no option "__proto__"/],
  ]
  for (const [what, yaml, expected] of files) {
    it(`names file and line of ${what}`, () => {
      const problems = problemsOf(() => loadYaml(yaml))
      assert.equal(problems.length, 1, problems.join('\n'))
      assert.match(problems[0] ?? '', expected)
    })
  }

  it('tells all problems at once', () => {
    const problems = problemsOf(() =>
      loadYaml('hots: x\nlog: { level: loud }', {
        flags: { host: '' },
        environment: { AFTERIMAGE_X: '1' },
      }),
    )
    assert.equal(problems.length, 4)
  })

  it('refuses a file that is too large before parsing it', () => {
    const problems = problemsOf(() => loadYaml('#'.repeat(1024 * 1024 + 1)))
    assert.match(problems[0] ?? '', /larger than 1048576 bytes/)
  })
})

describe('right input', () => {
  it('takes a list as a YAML sequence or separated by commas', () => {
    const expected = ['10.0.0.0/8', '::1']
    assert.deepEqual(
      loadYaml('trustedProxies: [10.0.0.0/8, "::1"]').config.trustedProxies,
      expected,
    )
    assert.deepEqual(loadYaml('trustedProxies: 10.0.0.0/8, ::1').config.trustedProxies, expected)
    assert.deepEqual(
      load({ flags: { trustedProxies: '10.0.0.0/8,::1' } }).config.trustedProxies,
      expected,
    )
  })

  it('takes 0 for every port', () => {
    const flags = { 'compute.port': '0', 'image.port': '0', 'identity.port': '0' }
    assert.equal(load({ flags }).config.identity.port, 0)
  })

  it('drops the slash at the end of a public URL and keeps its path', () => {
    const flags = { 'compute.publicUrl': 'https://cloud.example/compute/' }
    assert.equal(load({ flags }).config.compute.publicUrl, 'https://cloud.example/compute')
  })

  it('takes an empty file and one of comments', () => {
    assert.equal(loadYaml('').config.host, '127.0.0.1')
    assert.equal(loadYaml('# nothing\n').config.host, '127.0.0.1')
  })

  it('leaves alone what Kubernetes sets for a Service called afterimage', () => {
    const environment = {
      AFTERIMAGE_SERVICE_HOST: '10.0.0.1',
      AFTERIMAGE_SERVICE_PORT: '8774',
      AFTERIMAGE_SERVICE_PORT_COMPUTE: '8774',
      AFTERIMAGE_PORT: 'tcp://10.0.0.1:8774',
      AFTERIMAGE_PORT_8774_TCP_ADDR: '10.0.0.1',
    }
    assert.equal(load({ environment }).config.compute.port, 8774)
  })
})

describe('what comes out', () => {
  it('is frozen to the bottom', () => {
    const { config } = load({ flags: { trustedProxies: '::1' } })
    for (const part of [config, config.compute, config.tokens, config.log, config.trustedProxies]) {
      assert.ok(Object.isFrozen(part))
    }
  })

  it('never prints the password', () => {
    const loaded = load({ environment: { AFTERIMAGE_PASSWORD: 'open sesame' } })
    assert.equal(loaded.secrets.password?.reveal(), 'open sesame')
    const printed = `${loaded.secrets.password}${JSON.stringify(loaded)}${inspect(loaded, { depth: 9, showHidden: true })}`
    assert.doesNotMatch(printed, /sesame/)
    assert.match(printed, /\[redacted\]/)
  })
})
