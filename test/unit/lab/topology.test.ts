import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { bgpConfig } from '../../../lab/router.ts'
import { hostsOf, maximumNodes, topologyOf } from '../../../lab/topology.ts'

describe('lab topology', () => {
  const topology = topologyOf('herald', maximumNodes)
  const interfaces = hostsOf(topology).flatMap(host => host.interfaces)

  it('gives no address, no link-layer address and no namespace twice', () => {
    for (const values of [
      interfaces.flatMap(({ addresses }) => addresses),
      interfaces.map(({ mac }) => mac),
      hostsOf(topology).map(({ namespace }) => namespace),
      topology.nodes.flatMap(({ podCidrs }) => podCidrs),
    ]) {
      assert.ok(values.length >= maximumNodes)
      assert.deepEqual(values, [...new Set(values)])
    }
  })

  it('keeps .100 to .199 of segment A free for pools', () => {
    const numbers = interfaces
      .flatMap(({ addresses }) => addresses)
      .filter(address => address.startsWith('192.0.2.'))
      .map(address => Number(address.split(/[./]/)[3]))
    assert.ok(numbers.length > maximumNodes)
    assert.deepEqual(
      numbers.filter(number => number >= 100 && number < 200),
      [],
    )
  })

  it('uses only documentation ranges outside the cluster', () => {
    for (const address of interfaces.flatMap(each => each.addresses)) {
      assert.match(address, /^(192\.0\.2\.\d+\/24|198\.51\.100\.\d+\/24|203\.0\.113\.\d+\/24|2001:db8:[abc]::\d+\/64)$/)
    }
  })

  it("routes every other node's Pods, and not a node's own", () => {
    const [first, second] = topologyOf('herald', 2).nodes
    assert.ok(first !== undefined && second !== undefined)
    assert.ok(first.routes.includes('10.244.2.0/24 via 192.0.2.12'))
    assert.ok(first.routes.includes('2001:db8:f:2::/64 via 2001:db8:a::12'))
    assert.ok(!first.routes.some(route => route.startsWith(first.podCidrs[0])))
    assert.ok(second.routes.includes('10.244.1.0/24 via 192.0.2.11'))
  })
})

describe('lab router', () => {
  it('knows every node by each of its addresses, and waits for its call', () => {
    const config = bgpConfig(topologyOf('herald', 2))
    for (const address of ['192.0.2.11', '192.0.2.12', '198.51.100.11', '2001:db8:a::12', '2001:db8:b::11']) {
      assert.ok(config.includes(` neighbor ${address} remote-as 64513\n`), address)
      assert.ok(config.includes(` neighbor ${address} passive\n`), address)
    }
    const [, ipv4 = '', ipv6 = ''] = config.split('address-family ')
    assert.match(ipv4, /^ipv4 unicast\n {2}neighbor 192\.0\.2\.11 activate\n/)
    assert.match(ipv6, /^ipv6 unicast\n/)
  })
})
