import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { formatAddress } from '../../../src/ip/address.ts'
import { RouterEnd } from '../../support/bfd/router-end.ts'
import { FrrDaemons, hasFrr } from '../../support/frr.ts'
import { until } from '../../support/io/until.ts'
import { canMakeNamespaces, connectByVeth, NetworkNamespace } from '../../support/netns.ts'

const bgp = `router bgp 64512
 no bgp ebgp-requires-policy
 neighbor eth0 interface remote-as external
`

describe('unnumbered peers with FRR', function () {
  this.timeout(60_000)
  let own: NetworkNamespace
  let router: NetworkNamespace
  let frr: FrrDaemons
  let end: RouterEnd

  before(function () {
    if (!canMakeNamespaces() || !hasFrr()) {
      console.log('skipped: it needs root and the Debian package frr')
      this.skip()
    }
  })

  beforeEach(async () => {
    own = new NetworkNamespace('unnumbered-own')
    router = new NetworkNamespace('unnumbered-frr')
    connectByVeth({ namespace: own, interfaceName: 'uplink' }, { namespace: router, interfaceName: 'eth0' })
    frr = new FrrDaemons(router, { zebra: 'hostname zebra\n', bgpd: bgp })
    end = new RouterEnd(own)
    await end.start()
  })

  afterEach(() => {
    end?.stop()
    frr?.stop()
    own?.remove()
    router?.remove()
  })

  const found = () => end.neighbours.map(({ interface: name, address }) => `${name} ${formatAddress(address)}`)
  const frrsNeighbours = async () =>
    (await frr.vtysh('zebra', 'show interface eth0')).match(/Neighbor address[\s\S]*/)?.[0] ?? ''

  async function untilFrr(what: string, holds: () => Promise<boolean>, timeoutMs = 15_000) {
    const deadlineMs = performance.now() + timeoutMs
    while (!(await holds())) {
      assert.ok(
        performance.now() < deadlineMs,
        `waited in vain for ${what}: ${await frr.vtysh('zebra', 'show interface eth0')}`,
      )
      await setTimeout(50)
    }
  }

  it('finds the router, and is found by it', async () => {
    end.driver.setUnnumbered(['uplink'])
    await frr.start()
    const there = `uplink ${linkLocalOf(router, 'eth0')}`
    await until('the router', () => found().includes(there), 15_000)
    assert.equal(end.neighbours[0]!.interfaceIndex, own.interfaceIndex('uplink'))
    await untilFrr('our address', async () => (await frrsNeighbours()).includes(linkLocalOf(own, 'uplink')))
    await untilFrr('a peer of BGP', async () =>
      (await frr.vtysh('bgpd', 'show bgp neighbors eth0')).includes(linkLocalOf(own, 'uplink')),
    )
    assert.deepEqual(end.problems, [])
    assert.deepEqual(end.driver.counters().routersDropped, [])
  })

  it('forgets a router that ceases to be one, and one whose interface goes down', async () => {
    end.driver.setUnnumbered(['uplink'])
    await frr.start()
    await until('the router', () => found().length === 1, 15_000)
    await frr.vtysh('bgpd', 'configure terminal', 'router bgp 64512', 'no neighbor eth0 interface remote-as external')
    await until('forgotten', () => found().length === 0, 15_000)
    await frr.vtysh('bgpd', 'configure terminal', 'router bgp 64512', 'neighbor eth0 interface remote-as external')
    await until('the router again', () => found().length === 1, 15_000)
    own.ip('link set uplink down')
    await until('forgotten again', () => found().length === 0)
    own.ip('link set uplink up')
    await until('the router once more', () => found().length === 1, 20_000)
  })
})

function linkLocalOf(namespace: NetworkNamespace, name: string): string {
  return namespace.ip(`-6 -o address show dev ${name} scope link`).match(/inet6 ([0-9a-f:]+)/)![1]!
}
