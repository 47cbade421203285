import assert from 'node:assert/strict'
import {
  COMMON_FLAGS,
  type Flag,
  FlagError,
  helpText,
  integerFlag,
  logLevelFlag,
  metricsPrefixFlag,
  objectNameFlag,
  ownNamespace,
  portFlag,
  readFlags,
  requiredFlag,
} from '../../../src/bin/common/flags.ts'

const flags = {
  ...COMMON_FLAGS,
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
    assert.equal(metricsPrefixFlag(readFlags(flags, [], {})), 'herald')
    for (const prefix of ['', '1a', 'a-b', 'ä']) {
      const values = readFlags(flags, [`--metrics-prefix=${prefix}`], {})
      assert.throws(() => metricsPrefixFlag(values), /--metrics-prefix: ".*" is not what the name of a metric/)
    }
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
})
