import assert from 'node:assert/strict'
import { formatAddress } from '../../../src/ip/address.ts'
import type { DesiredSet } from '../../../src/layer2/desired.ts'
import { MAX_WATCHED_NODES, watchedNodes } from '../../../src/layer2/watched-nodes.ts'

function desired(...orders: string[][]): DesiredSet {
  return new Map(
    orders.map((order, index) => {
      const address = { family: 4, value: 0xc0000200 + index } as const
      return [formatAddress(address), { address, interfaces: 'all', order }]
    }),
  )
}

describe('watched nodes', () => {
  const rows: { what: string; orders: string[][]; watched: string[] }[] = [
    { what: 'nothing desired', orders: [], watched: [] },
    { what: 'this node is the first', orders: [['me', 'b', 'c']], watched: [] },
    { what: 'one before it', orders: [['b', 'me', 'c']], watched: ['b'] },
    { what: 'two before it', orders: [['c', 'b', 'me']], watched: ['b', 'c'] },
    {
      what: 'several addresses',
      orders: [
        ['c', 'me'],
        ['c', 'b', 'me'],
        ['me', 'd'],
      ],
      watched: ['b', 'c'],
    },
    { what: 'an address that it hands over', orders: [['b', 'c', 'd']], watched: [] },
  ]
  for (const { what, orders, watched } of rows) {
    it(`${what}: ${watched.join(', ') || 'none'}`, () =>
      assert.deepEqual(watchedNodes(desired(...orders), 'me'), watched))
  }

  it('are those that matter for the most addresses when they are too many', () => {
    const many = Array.from({ length: 100 }, (_, index) => [`n${String(index).padStart(3, '0')}`, 'me'])
    const orders = [...many, ['n099', 'me'], ['n098', 'n097', 'me']]
    const watched = watchedNodes(desired(...orders), 'me')
    assert.equal(watched.length, MAX_WATCHED_NODES)
    assert.deepEqual(watched, [...many.slice(0, 61).map(([name]) => name!), 'n097', 'n098', 'n099'])
    assert.deepEqual(watchedNodes(desired(...orders.toReversed()), 'me'), watched)
  })
})
