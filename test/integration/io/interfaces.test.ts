import assert from 'node:assert/strict'
import { NetlinkInterfaceMonitor, type NetworkInterface } from '../../../src/io/interfaces.ts'
import { formatAddress } from '../../../src/ip/address.ts'
import { until } from '../../support/io/until.ts'
import { NetworkNamespace } from '../../support/netns.ts'

describe('interface monitor', () => {
  let namespace: NetworkNamespace
  let peer: NetworkNamespace
  let monitor: NetlinkInterfaceMonitor
  let controller: AbortController
  let errors: Error[]
  let changes: number

  beforeEach(async () => {
    namespace = new NetworkNamespace('a')
    peer = new NetworkNamespace('b')
    namespace.ip(`link add veth0 type veth peer name veth0 netns ${peer.name}`)
    namespace.ip('address add 192.0.2.1/24 dev veth0')
    controller = new AbortController()
    errors = []
    changes = 0
    monitor = new NetlinkInterfaceMonitor({ onError: error => errors.push(error) })
    monitor.onChange(() => changes++)
    await namespace.enter(() => monitor.start({ signal: controller.signal }))
  })

  afterEach(() => {
    controller.abort()
    namespace.remove()
    peer.remove()
    assert.deepEqual(errors, [])
  })

  const find = (name: string): NetworkInterface | undefined => monitor.snapshot().find(one => one.name === name)
  const addresses = (name: string): string[] | undefined =>
    find(name)?.addresses.map(one => `${formatAddress(one.address)}/${one.prefixLength} ${one.scope}`)

  it('knows what was there before it started', () => {
    assert.deepEqual(
      monitor.snapshot().map(({ name, loopback, broadcast, ethernet }) => ({ name, loopback, broadcast, ethernet })),
      [
        { name: 'lo', loopback: true, broadcast: false, ethernet: false },
        { name: 'veth0', loopback: false, broadcast: true, ethernet: true },
      ],
    )
    assert.deepEqual(addresses('lo'), ['127.0.0.1/8 host', '::1/128 host'])
    assert.deepEqual(addresses('veth0'), ['192.0.2.1/24 global'])
    const veth = find('veth0')
    assert.equal(veth?.index, namespace.interfaceIndex('veth0'))
    assert.deepEqual(veth?.mac, namespace.mac('veth0'))
    assert.deepEqual(
      [veth?.up, veth?.running, veth?.noArp, veth?.linkKind, veth?.mtu],
      [false, false, false, 'veth', 1500],
    )
    assert.equal(changes, 1, 'a listener registered before start() hears of the first snapshot')
  })

  it('hears of interfaces that come, are renamed and go', async () => {
    namespace.ip('link add lan7 type bridge')
    await until('the new interface', () => find('lan7') !== undefined)
    assert.equal(find('lan7')?.linkKind, 'bridge')
    const index = find('lan7')?.index
    namespace.ip('link set lan7 name lan8')
    await until('the new name', () => find('lan8') !== undefined)
    assert.equal(find('lan8')?.index, index)
    assert.equal(find('lan7'), undefined)
    namespace.ip('link delete lan8')
    await until('the end', () => find('lan8') === undefined)
  })

  it('tells switched on from connected', async () => {
    namespace.ip('link set veth0 up')
    await until('up', () => find('veth0')?.up === true)
    assert.equal(find('veth0')?.running, false)
    peer.ip('link set veth0 up')
    await until('running', () => find('veth0')?.running === true)
    peer.ip('link set veth0 down')
    await until('not running', () => find('veth0')?.running === false)
    namespace.ip('link set veth0 down')
    await until('down', () => find('veth0')?.up === false)
  })

  it('hears of a changed MAC address, MTU and ARP flag', async () => {
    namespace.ip('link set veth0 address 02:00:5e:00:53:01')
    await until('the MAC address', () => find('veth0')?.mac.join() === '2,0,94,0,83,1')
    namespace.ip('link set veth0 mtu 1400')
    await until('the MTU', () => find('veth0')?.mtu === 1400)
    namespace.ip('link set veth0 arp off')
    await until('the flag', () => find('veth0')?.noArp === true)
  })

  it('hears of addresses of both families that come and go', async () => {
    namespace.ip('address add 2001:db8::1/64 dev veth0')
    namespace.ip('address add 198.51.100.1/28 dev veth0')
    const all = ['192.0.2.1/24 global', '198.51.100.1/28 global', '2001:db8::1/64 global']
    await until('the addresses', () => addresses('veth0')?.length === 3)
    assert.deepEqual(addresses('veth0'), all)
    namespace.ip('address delete 192.0.2.1/24 dev veth0')
    namespace.ip('address delete 2001:db8::1/64 dev veth0')
    await until('the one left', () => addresses('veth0')?.join() === '198.51.100.1/28 global')
    namespace.ip('link set veth0 up')
    peer.ip('link set veth0 up')
    await until('a link-local address', () => addresses('veth0')?.some(one => one.endsWith('/64 link')) === true)
  })

  it('knows the bridge of a member, and when it leaves', async () => {
    namespace.ip('link add br0 type bridge')
    namespace.ip('link set veth0 master br0')
    await until('the bridge', () => find('veth0')?.masterIndex !== undefined)
    assert.equal(find('veth0')?.masterIndex, find('br0')?.index)
    assert.equal(find('br0')?.linkKind, 'bridge')
    namespace.ip('link set veth0 nomaster')
    await until('it left', () => find('veth0')?.masterIndex === undefined)
    assert.ok(find('veth0'), 'leaving a bridge is not the end of an interface')
  })

  it('does not call back when nothing that it tells has changed', async () => {
    namespace.ip('link set veth0 alias unseen')
    namespace.ip('link set veth0 mtu 1300')
    await until('the MTU', () => find('veth0')?.mtu === 1300)
    assert.equal(changes, 2)
  })

  it('is right again after more events than its buffer holds', async () => {
    // the events arrive while this thread is busy making them, so the buffer overflows
    const batch = Array.from({ length: 4000 }, (_, i) =>
      ['add', 'delete'].map(verb => `address ${verb} 198.51.${i >> 8}.${i & 255}/32 dev veth0`).join('\n'),
    ).join('\n')
    namespace.exec('ip', ['-batch', '-'], { input: batch })
    namespace.ip('address add 203.0.113.9/32 dev veth0')
    const wanted = '192.0.2.1/24 global,203.0.113.9/32 global'
    await until('the last address', () => addresses('veth0')?.join() === wanted)
    assert.match(errors.splice(0).join(), /listing the network interfaces anew: ENOBUFS/)
  })

  it('stops with its signal', async () => {
    controller.abort()
    namespace.ip('link set veth0 mtu 1200')
    const second = new NetlinkInterfaceMonitor()
    const signal = AbortSignal.abort(new Error('too late'))
    await assert.rejects(second.start({ signal }), /too late/)
    assert.equal(find('veth0')?.mtu, 1500)
    assert.equal(changes, 1)
  })
})
