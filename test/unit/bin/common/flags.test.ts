import assert from 'node:assert/strict'
import { createSecureContext } from 'node:tls'
import {
  COMMON_FLAGS,
  type Flag,
  FlagError,
  helpText,
  integerFlag,
  logLevelFlag,
  objectNameFlag,
  ownNamespace,
  portFlag,
  readFlags,
  requiredFlag,
} from '../../../../src/bin/common/flags.ts'
import { METRICS_FLAGS, metricsSettings } from '../../../../src/bin/common/metrics-flags.ts'

const flags = {
  ...COMMON_FLAGS,
  ...METRICS_FLAGS,
  skip: { type: 'string', multiple: true, value: 'REGEX', help: 'what to skip' },
  loud: { type: 'boolean', help: 'say more' },
} as const satisfies Record<string, Flag>

describe('flags', () => {
  it('take the command line before the environment, and that before the default', () => {
    assert.equal(readFlags(flags, ['--pod-name', 'a'], { HERALD_POD_NAME: 'b' }).text('pod-name'), 'a')
    assert.equal(readFlags(flags, [], { HERALD_POD_NAME: 'b' }).text('pod-name'), 'b')
    assert.equal(readFlags(flags, [], {}).text('pod-name'), undefined)
    assert.equal(readFlags(flags, [], {}).text('port'), '9120')
  })

  it('may be repeated, and may stand alone', () => {
    const values = readFlags(flags, ['--skip', 'a', '--skip=b', '--loud'], {})
    assert.deepEqual(values.list('skip'), ['a', 'b'])
    assert.equal(values.on('loud'), true)
  })

  const wrong: [what: string, args: string[], message: RegExp][] = [
    ['an unknown flag', ['--nonsense'], /^--nonsense: there is no such flag$/],
    ['a missing value', ['--port'], /--port/],
    ['a word that is no flag', ['word'], /word/],
    ['an unknown flag with a value', ['--none=x'], /^--none: there is no such flag$/],
  ]
  for (const [what, args, message] of wrong) {
    it(`refuse ${what}`, () =>
      assert.throws(
        () => readFlags(flags, args, {}),
        (error: Error) => error instanceof FlagError && message.test(error.message),
      ))
  }

  it('may be numbers within bounds, and names of objects', () => {
    const numbered = { count: { type: 'string', default: '3', help: '' } } as const satisfies Record<string, Flag>
    const bounds = { minimum: 2, maximum: 50, unit: 'milliseconds' }
    const read = (...args: string[]) => readFlags(numbered, args, {})
    assert.equal(integerFlag(read(), 'count', bounds), 3)
    for (const good of ['2', '50']) assert.equal(integerFlag(read('--count', good), 'count', bounds), Number(good))
    for (const bad of ['1', '51', '', '-3', '3.5', '1e1', '0x10', '9'.repeat(40)]) {
      const message = `--count: "${bad}" is not a whole number from 2 to 50 milliseconds`
      assert.throws(() => integerFlag(read(`--count=${bad}`), 'count', bounds), { name: 'FlagError', message })
    }
    assert.equal(objectNameFlag(read('--count=a.b-1'), 'count'), 'a.b-1')
    for (const bad of ['', 'A', '-a', 'a/b', 'a..b', 'a'.repeat(254)]) {
      assert.throws(() => objectNameFlag(read(`--count=${bad}`), 'count'), /--count: .* is not a name/)
    }
  })

  it('name the flag whose value is wrong', () => {
    for (const port of ['-1', '65536', 'http', '', '1.5']) {
      assert.throws(() => portFlag(readFlags(flags, [`--port=${port}`], {}), 'port'), /--port: ".*" is not a port/)
    }
    assert.equal(portFlag(readFlags(flags, ['--port', '0'], {}), 'port'), 0)
    assert.throws(
      () => logLevelFlag(readFlags(flags, ['--log-level', 'chatty'], {})),
      /--log-level: "chatty" is not one of all, debug/,
    )
    assert.throws(
      () => requiredFlag(readFlags(flags, [], {}), 'pod-name', 'HERALD_POD_NAME'),
      /--pod-name is required .*HERALD_POD_NAME/,
    )
    assert.throws(() => ownNamespace(readFlags(flags, [], {})), /--namespace is required/)
  })

  it('are all in the help text, with defaults and environment variables', () => {
    const text = helpText('controller', 'What it is.', flags)
    for (const name of Object.keys(flags)) assert.match(text, new RegExp(`--${name}\\b`))
    assert.match(text, /--port PORT .*\[default 9120\]/)
    assert.match(text, /\[env HERALD_POD_NAME\]/)
    assert.match(text, /\[repeatable\]/)
  })

  it('say how metrics are served: by HTTPS to all addresses, unless told otherwise', () => {
    const settings = (...args: string[]) => metricsSettings(readFlags(flags, args, {}))
    assert.deepEqual(settings(), {
      ...{ port: 9120, host: '::', protocol: 'https', prefix: 'herald', certificateFolder: '' },
      tls: { minVersion: 'TLSv1.3' },
    })
    assert.equal(settings('--metrics-protocol=http').host, '127.0.0.1')
    assert.equal(settings('--metrics-protocol=http', '--host=::').host, '::')
    const suites = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'
    const { tls } = settings(`--tls-cipher-suites=${suites}`, '--tls-min-version=VersionTLS12')
    assert.deepEqual(tls, {
      minVersion: 'TLSv1.2',
      ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305',
    })
    assert.equal(settings('--tls-curve-preferences=4588, 29').tls.ecdhCurve, 'X25519MLKEM768:X25519')
  })

  it('name curves and suites of TLS as OpenSSL knows them', () => {
    const all = (help: string | undefined) => help?.split(' is not one of ')[1] ?? ''
    for (const name of ['tls-cipher-suites', 'tls-curve-preferences']) {
      const read = (value: string) =>
        metricsSettings(readFlags(flags, ['--tls-min-version=VersionTLS12', `--${name}=${value}`], {}))
      let known = ''
      try {
        read('none')
      } catch (error) {
        known = all((error as Error).message)
      }
      assert.ok(known.split(', ').length > 4, known)
      createSecureContext(read(known).tls)
    }
  })

  const unfit: [args: string[], message: RegExp][] = [
    [['--metrics-protocol=ftp'], /--metrics-protocol: "ftp" is neither http nor https/],
    [['--metrics-prefix=a-b'], /--metrics-prefix: "a-b" is not what the name of a metric can begin with/],
    [['--metrics-prefix='], /--metrics-prefix/],
    [['--tls-min-version=VersionTLS10'], /--tls-min-version: "VersionTLS10" is neither VersionTLS12 nor VersionTLS13/],
    [['--tls-min-version=constructor'], /--tls-min-version/],
    [['--tls-min-version=VersionTLS12', '--tls-cipher-suites=RC4'], /--tls-cipher-suites: "RC4" is not one of TLS_/],
    [['--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'], /TLS 1\.3 has no suites to choose from/],
    [['--tls-curve-preferences=29,1'], /--tls-curve-preferences: "1" is not one of 23, 24/],
  ]
  for (const [args, message] of unfit) {
    it(`refuse ${args.join(' ')}`, () =>
      assert.throws(() => metricsSettings(readFlags(flags, args, {})), { name: 'FlagError', message }))
  }
})
