import assert from 'node:assert/strict'
import { InterfaceTable, sameInterfaces } from '../../../src/io/interface-table.ts'
import type { AddressRecord, LinkRecord } from '../../../src/io/netlink-parse.ts'
import { formatAddress, parseAddress } from '../../../src/ip/address.ts'
import { MemoryInterfaceMonitor, memoryInterface } from '../../support/io/memory-interface-monitor.ts'

function link(index: number, fields: Partial<LinkRecord> = {}) {
  const { addresses, ...record } = memoryInterface({ index, name: `eth${index}`, ...fields })
  return { kind: 'link', deleted: false, link: record } as const
}

function address(interfaceIndex: number, text: string, fields: Partial<AddressRecord> = {}) {
  const record: AddressRecord = {
    interfaceIndex,
    address: parseAddress(text)!,
    prefixLength: 24,
    scope: 'global',
    tentative: false,
    ...fields,
  }
  return { kind: 'address', deleted: false, address: record } as const
}

const shape = (table: InterfaceTable) =>
  table.snapshot().map(one => [one.name, ...one.addresses.map(a => `${formatAddress(a.address)}/${a.prefixLength}`)])

describe('interface table', () => {
  it('lists interfaces by index and addresses in order', () => {
    const table = new InterfaceTable()
    for (const body of [
      link(3),
      address(2, '192.0.2.9'),
      address(2, '192.0.2.1'),
      link(2),
      address(3, '198.51.100.1'),
    ]) {
      assert.equal(table.apply(body), true)
    }
    assert.deepEqual(shape(table), [
      ['eth2', '192.0.2.1/24', '192.0.2.9/24'],
      ['eth3', '198.51.100.1/24'],
    ])
  })

  it('replaces what it knows, keeps one address with two prefix lengths apart', () => {
    const table = new InterfaceTable()
    for (const body of [
      link(2),
      link(2, { name: 'renamed' }),
      address(2, '192.0.2.1', { tentative: true }),
      address(2, '192.0.2.1'),
      address(2, '192.0.2.1', { prefixLength: 32 }),
    ]) {
      table.apply(body)
    }
    assert.deepEqual(shape(table), [['renamed', '192.0.2.1/24', '192.0.2.1/32']])
    assert.equal(table.snapshot()[0]?.addresses[0]?.tentative, false)
    table.apply({ ...address(2, '192.0.2.1'), deleted: true })
    assert.deepEqual(shape(table), [['renamed', '192.0.2.1/32']])
  })

  it('forgets the addresses of a link that goes', () => {
    const table = new InterfaceTable()
    table.apply(link(2))
    table.apply(address(2, '192.0.2.1'))
    table.apply({ ...link(2), deleted: true })
    table.apply(link(2))
    assert.deepEqual(shape(table), [['eth2']])
  })

  it('leaves other messages alone', () => {
    assert.equal(new InterfaceTable().apply({ kind: 'done' }), false)
  })

  it('tells a change from none', () => {
    const one = [memoryInterface({ index: 1, name: 'eth0' })]
    assert.ok(sameInterfaces(one, [memoryInterface({ index: 1, name: 'eth0' })]))
    assert.ok(!sameInterfaces(one, []))
    assert.ok(!sameInterfaces(one, [memoryInterface({ index: 1, name: 'eth0', mac: Uint8Array.of(2, 0, 0, 0, 0, 9) })]))
    const local = {
      address: parseAddress('2001:db8::1')!,
      prefixLength: 64,
      scope: 'global',
      tentative: false,
    } as const
    const withAddress = [memoryInterface({ index: 1, name: 'eth0', addresses: [local] })]
    assert.ok(!sameInterfaces(one, withAddress))
    assert.ok(sameInterfaces(withAddress, structuredClone(withAddress)))
  })

  it('has a twin in memory that tells of changes alone', async () => {
    const monitor = new MemoryInterfaceMonitor([memoryInterface({ index: 1, name: 'eth0' })])
    const seen: string[][] = []
    monitor.onChange(interfaces => seen.push(interfaces.map(({ name }) => name)))
    assert.deepEqual(monitor.snapshot(), [])
    const controller = new AbortController()
    await monitor.start({ signal: controller.signal })
    monitor.set([memoryInterface({ index: 1, name: 'eth0' })])
    monitor.set([memoryInterface({ index: 2, name: 'eth1' }), memoryInterface({ index: 1, name: 'eth0' })])
    controller.abort()
    monitor.set([])
    assert.deepEqual(seen, [['eth0'], ['eth0', 'eth1']])
  })
})
