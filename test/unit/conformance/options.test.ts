import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { readOptions, UsageError } from '../../conformance/options.ts'

describe('options of the conformance run', () => {
  it('runs everything when nothing is asked for', () => {
    assert.deepEqual(readOptions([]), {
      modes: ['bgp', 'layer2'],
      families: ['ipv4', 'ipv6'],
      focus: undefined,
      name: 'conformance',
      processes: 4,
      keep: false,
    })
  })

  it('runs one mode, one family, some specs', () => {
    const args = [
      '--mode',
      'layer2',
      '--family=ipv6',
      '--focus',
      'source (ranges|IP)',
      '--name',
      'mine',
      '--processes',
      '1',
    ]
    assert.deepEqual(readOptions([...args, '--keep']), {
      modes: ['layer2'],
      families: ['ipv6'],
      focus: 'source (ranges|IP)',
      name: 'mine',
      processes: 1,
      keep: true,
    })
  })

  it('knows when only help is wanted', () => {
    assert.equal(readOptions(['--help']), undefined)
    assert.equal(readOptions(['-h', '--mode', 'bgp']), undefined)
  })

  const refused: [string[], RegExp][] = [
    [['--mode', 'arp'], /--mode takes bgp or layer2, not "arp"/],
    [['--family', '4'], /--family takes ipv4 or ipv6, not "4"/],
    [['--processes', '0'], /--processes takes a number from 1, not "0"/],
    [['--processes', 'all'], /--processes takes a number from 1, not "all"/],
    [['--focus', '('], /--focus takes a regular expression, not "\("/],
    [['--name', 'Mine'], /--name takes at most 26 small letters, digits and hyphens, not "Mine"/],
    [['--name', 'a'.repeat(27)], /--name takes/],
    [['--modes', 'bgp'], /--modes/],
    [['bgp'], /bgp/],
  ]
  for (const [args, message] of refused) {
    it(`refuses ${args.join(' ')}`, () => {
      assert.throws(
        () => readOptions(args),
        (error: unknown) => error instanceof UsageError && message.test(error.message),
      )
    })
  }
})
