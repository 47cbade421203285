import assert from 'node:assert/strict'
import { parseArguments, UsageError } from '../../../../src/bin/cli/arguments.ts'

const parse = (line: string, env: NodeJS.ProcessEnv = {}) => {
  const parsed = parseArguments(line.split(' ').filter(Boolean), env)
  assert.ok(!('help' in parsed), `asks for help: ${line}`)
  return parsed
}

describe('parseArguments()', () => {
  it('reads command, what stands behind it, and flags in any order', () => {
    const parsed = parse('explain -n shop web --output=json')
    assert.equal(parsed.command, 'explain')
    assert.equal(parsed.positional, 'web')
    assert.equal(parsed.text('namespace'), 'shop')
    assert.equal(parsed.text('output'), 'json')
  })

  it('fills in environment and defaults, an empty variable being none', () => {
    assert.equal(parse('status').text('output'), 'table')
    assert.equal(parse('status', { KUBECONFIG: '/a' }).text('kubeconfig'), '/a')
    assert.equal(parse('status --kubeconfig /b', { KUBECONFIG: '/a' }).text('kubeconfig'), '/b')
    assert.equal(parse('status', { KUBECONFIG: '' }).text('kubeconfig'), undefined)
  })

  it('collects flags that may stand several times', () => {
    assert.deepEqual(parse('plan --drain a --drain b -f x').list('drain'), ['a', 'b'])
    assert.deepEqual(parse('plan --drain a').list('filename'), [])
  })

  for (const [line, help] of [
    ['', 'all'],
    ['--help', 'all'],
    ['help', 'all'],
    ['help nonsense', 'all'],
    ['help plan', 'plan'],
    ['explain --help', 'explain'],
    ['explain web -h', 'explain'],
  ] as const) {
    it(`takes "${line}" for a call for help`, () => {
      assert.deepEqual(parseArguments(line.split(' ').filter(Boolean), {}), { help })
    })
  }

  for (const [line, message] of [
    ['stauts', 'there is no command "stauts"; there are status, explain, plan, check, migrate, snapshot'],
    ['-o json status', '-o: the command comes first, and its flags behind it'],
    ['toString', 'there is no command "toString"; there are status, explain, plan, check, migrate, snapshot'],
    ['status --wdie', '--wdie: there is no such flag'],
    ['status web', '"web" is one word too many: kubectl herald status [flags]'],
    ['explain', 'SERVICE is missing: kubectl herald explain SERVICE [flags]'],
    ['explain a b', '"b" is one word too many: kubectl herald explain SERVICE [flags]'],
    ['status -o yaml', '--output: "yaml" is not one of table, json'],
    ['status --color=maybe', '--color: "maybe" is not one of auto, always, never'],
    ['explain web -n', "Option '-n, --namespace <value>' argument missing"],
  ] as const) {
    it(`refuses "${line}" in words`, () => {
      assert.throws(
        () => parse(line),
        (error: unknown) => {
          assert.ok(error instanceof UsageError)
          assert.equal(error.message, message)
          return true
        },
      )
    })
  }
})
