import assert from 'node:assert/strict'
import { AddressLedger, type LedgerService, MAY_MOVE } from '../../chaos/address-ledger.ts'

interface Shape {
  type?: string
  port?: number
  key?: string
  deleted?: boolean
  mayMove?: boolean
}

function service(name: string, addresses: string[], shape: Shape = {}): LedgerService {
  const { type = 'LoadBalancer', port = 80, key, deleted, mayMove } = shape
  return {
    metadata: {
      ...{ uid: `uid-${name}`, name, namespace: 'default' },
      ...(deleted && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      ...(mayMove && { labels: { [MAY_MOVE]: 'true' } }),
      ...(key && { annotations: { 'metallb.io/allow-shared-ip': key } }),
    },
    spec: { type, ports: [{ port }] },
    status: { loadBalancer: { ingress: addresses.map(ip => ({ ip })) } },
  }
}

type State = ['+' | '-', LedgerService]

const stories: [what: string, states: State[], violations: RegExp[]][] = [
  [
    'an address that stays where it is',
    [
      ['+', service('a', [])],
      ['+', service('a', ['192.0.2.1'])],
      ['+', service('a', ['192.0.2.1'])],
    ],
    [],
  ],
  [
    'an address given out again after its Service is gone',
    [
      ['+', service('a', ['192.0.2.1'])],
      ['-', service('a', ['192.0.2.1'])],
      ['+', service('b', ['192.0.2.1'])],
    ],
    [],
  ],
  [
    'one address, two holders',
    [
      ['+', service('a', ['192.0.2.1'])],
      ['+', service('b', ['192.0.2.1'])],
    ],
    [/192\.0\.2\.1 is held by default\/a and by default\/b/],
  ],
  [
    'one address in two spellings, two holders',
    [
      ['+', service('a', ['2001:db8::1'])],
      ['+', service('b', ['2001:0db8:0::1'])],
    ],
    [/2001:db8::1 is held/],
  ],
  [
    'two holders by one key on two ports',
    [
      ['+', service('a', ['192.0.2.1'], { key: 'k' })],
      ['+', service('b', ['192.0.2.1'], { key: 'k', port: 81 })],
    ],
    [],
  ],
  [
    'two holders by one key on one port',
    [
      ['+', service('a', ['192.0.2.1'], { key: 'k' })],
      ['+', service('b', ['192.0.2.1'], { key: 'k' })],
    ],
    [/is held by/],
  ],
  [
    'an address taken away',
    [
      ['+', service('a', ['192.0.2.1'])],
      ['+', service('a', [])],
    ],
    [/default\/a lost 192\.0\.2\.1; it has nothing/],
  ],
  [
    'one of two addresses replaced',
    [
      ['+', service('a', ['192.0.2.1', '2001:db8::1'])],
      ['+', service('a', ['192.0.2.2', '2001:db8::1'])],
    ],
    [/lost 192\.0\.2\.1; it has 192\.0\.2\.2, 2001:db8::1/],
  ],
  [
    'an address given up on deletion',
    [
      ['+', service('a', ['192.0.2.1'])],
      ['+', service('a', [], { deleted: true })],
    ],
    [],
  ],
  [
    'an address given up with the type',
    [
      ['+', service('a', ['192.0.2.1'])],
      ['+', service('a', [], { type: 'ClusterIP' })],
    ],
    [],
  ],
  [
    'a Service that may move',
    [
      ['+', service('a', ['192.0.2.1'], { mayMove: true })],
      ['+', service('a', ['192.0.2.2'], { mayMove: true })],
    ],
    [],
  ],
]

describe('chaos: the ledger of addresses', () => {
  for (const [what, states, violations] of stories) {
    it(`judges ${what}`, () => {
      const ledger = new AddressLedger()
      for (const [sign, state] of states) ledger.apply(sign === '+' ? 'MODIFIED' : 'DELETED', state)
      assert.equal(ledger.violations.length, violations.length, ledger.violations.join('\n'))
      for (const [i, pattern] of violations.entries()) assert.match(ledger.violations[i]!, pattern)
    })
  }

  it('takes a whole collection as what was missed: addresses may have changed hands in between', () => {
    const ledger = new AddressLedger()
    ledger.replace([service('a', ['192.0.2.1'], { mayMove: true }), service('b', ['192.0.2.2'])])
    ledger.replace([service('c', ['192.0.2.1']), service('b', ['192.0.2.2'])])
    assert.deepEqual(ledger.violations, [])
    ledger.replace([service('c', ['192.0.2.1'])])
    assert.deepEqual(ledger.freed, ['192.0.2.2'])
    ledger.replace([service('c', ['192.0.2.2'])])
    assert.equal(ledger.violations.length, 1, 'what it had it should have kept')
  })

  it('knows what was held once and is held no more', () => {
    const ledger = new AddressLedger()
    ledger.apply('ADDED', service('a', ['192.0.2.1']))
    assert.deepEqual([ledger.isHeld('192.0.2.1'), ledger.freed], [true, []])
    ledger.apply('DELETED', service('a', ['192.0.2.1']))
    assert.deepEqual([ledger.isHeld('192.0.2.1'), ledger.freed], [false, ['192.0.2.1']])
    ledger.apply('ADDED', service('b', ['192.0.2.1']))
    assert.deepEqual(ledger.freed, [])
  })
})
