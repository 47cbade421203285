import assert from 'node:assert/strict'
import { CANDIDATE_FLAGS, candidateRules } from '../../../../src/bin/common/candidate-flags.ts'
import { readFlags } from '../../../../src/bin/common/flags.ts'

const rulesOf = (...args: string[]) => candidateRules(readFlags(CANDIDATE_FLAGS, args, {}))

describe('flags that say which nodes may announce', () => {
  it('are off by default', () => {
    assert.deepEqual(rulesOf(), { ignoreExcludeLabel: false, drainOnCordon: false, drainOnTaints: [] })
  })

  it('become the rules', () => {
    const taints = ['--drain-on-taint=example.com/repair', '--drain-on-taint', 'node.kubernetes.io/out-of-service']
    assert.deepEqual(rulesOf('--ignore-exclude-lb', '--drain-on-cordon', ...taints, '--drain-on-taint=Mine_2'), {
      ignoreExcludeLabel: true,
      drainOnCordon: true,
      drainOnTaints: ['example.com/repair', 'node.kubernetes.io/out-of-service', 'Mine_2'],
    })
  })

  for (const key of ['', 'key=value', 'key:NoSchedule', '/x', 'a/b/c', 'Upper/x', 'x ']) {
    it(`refuse "${key}", which is no key`, () => {
      const message = `--drain-on-taint: "${key}" is not the key of a taint (without its value and effect)`
      assert.throws(() => rulesOf(`--drain-on-taint=${key}`), { message })
    })
  }
})
