import assert from 'node:assert/strict'
import { SimulatedCluster, type SimulatedService } from '../../support/simulated-cluster.ts'

// One test for each row of MetalLB's rules of allocation, as Herald's users know them: what must be so is shown by what
// a Service carries in the end. Where Herald does something else, the title says "deviation", and docs/compatibility.md why.

const four = '192.0.2.10-192.0.2.13'
const six = '2001:db8::a-2001:db8::d'
const dual = ['10.96.0.1', 'fd00::1']
const FROM = 'metallb.io/ip-allocated-from-pool'

type Pools = Record<string, [addresses: string[], spec?: object]>

/** A cluster that has come to rest with these pools and Services. */
async function rest(
  pools: Pools,
  services: Record<string, SimulatedService> = {},
  labels: Record<string, string> = {},
) {
  const cluster = new SimulatedCluster()
  cluster.labelNamespace(labels)
  for (const [name, [addresses, spec]] of Object.entries(pools)) cluster.putPool(name, { addresses, ...spec })
  for (const [name, service] of Object.entries(services)) {
    cluster.putService(name, service)
    await cluster.settle()
  }
  await cluster.settle()
  return cluster
}

async function edit(cluster: SimulatedCluster, name: string, service: SimulatedService): Promise<string[]> {
  cluster.putService(name, service)
  await cluster.settle()
  return cluster.addresses(name)
}

const prefer = (...clusterIPs: string[]): SimulatedService => ({
  spec: { clusterIPs, ipFamilyPolicy: 'PreferDualStack' },
})
const require = (...clusterIPs: string[]): SimulatedService => ({
  spec: { clusterIPs, ipFamilyPolicy: 'RequireDualStack' },
})
const asking = (ips: string, more: SimulatedService = {}): SimulatedService => ({
  ...more,
  annotations: { 'metallb.io/loadBalancerIPs': ips, ...more.annotations },
})
const from = (pool: string): SimulatedService => ({ annotations: { 'metallb.io/address-pool': pool } })
const sharing = (key: string, port: number, spec: object = {}, annotations: Record<string, string> = {}) => ({
  annotations: { 'metallb.io/allow-shared-ip': key, ...annotations },
  spec: { ports: [{ port }], ...spec },
})
const only = (...namespaces: string[]) => ({ serviceAllocation: { namespaces } })

describe("the reference's order of convergence", () => {
  it('§3.1.1 not LoadBalancer: released, status and annotation cleared', async () => {
    const here = await rest({ p: [[four]] }, { web: {} })
    assert.deepEqual(await edit(here, 'web', { spec: { type: 'ClusterIP' } }), [])
    assert.equal(here.services()[0]?.annotations[FROM], undefined)
    assert.equal(here.condition('web'), undefined)
    assert.equal(here.controller.allocator.holding('default/web'), undefined)
  })

  it('§3.1.2 no pool: what Herald gave is released; deviation: a status that is not its own is left alone', async () => {
    const here = await rest({ p: [[four]] }, { web: {}, foreign: { ingress: [{ ip: '203.0.113.9' }] } })
    here.deletePool('p')
    await here.settle()
    assert.deepEqual([here.addresses('web'), here.condition('web')?.reason], [[], 'NoPool'])
    assert.deepEqual(
      [here.addresses('foreign'), here.condition('foreign')?.reason],
      [['203.0.113.9'], 'ForeignAddress'],
    )
  })

  it('§3.1.3 no cluster IP: released, and not tried again before it changes', async () => {
    const here = await rest({ p: [[four]] }, { web: {} })
    assert.deepEqual(await edit(here, 'web', { spec: { clusterIPs: ['None'] } }), [])
    assert.equal(here.condition('web')?.reason, 'NoClusterIP')
    assert.equal(here.controller.allocator.holding('default/web'), undefined)
  })

  it('§3.1.4 RequireDualStack with one cluster IP: released, with a warning', async () => {
    const here = await rest({ p: [[four, six]] }, { web: {} })
    here.takeEvents('web')
    assert.deepEqual(await edit(here, 'web', require('10.96.0.1')), [])
    assert.ok(
      here.takeEvents('web').some(({ type, reason }) => type === 'Warning' && reason === 'not enough clusterips'),
    )
  })

  it('§3.1.5 no usable address in the status; deviation: what was decided is written again', async () => {
    const here = await rest({ p: [[four]] }, { lower: {}, web: {} })
    here.deleteService('lower')
    await here.settle()
    assert.deepEqual(await edit(here, 'web', { ingress: [] }), ['192.0.2.11'])
  })

  it('§3.1.6 a status that is no address is cleared, and one of the wrong family too', async () => {
    const here = await rest(
      { p: [[four, six]] },
      { web: { annotations: { [FROM]: 'p' }, ingress: [{ hostname: 'x' }] } },
    )
    assert.deepEqual(here.addresses('web'), ['192.0.2.10'])
    assert.deepEqual(await edit(here, 'web', { spec: { clusterIPs: ['fd00::1'] } }), ['2001:db8::a'])
    // One family of two is no mismatch for a Service that prefers dual stack.
    const single = await rest({ p: [[four]] }, { web: prefer(...dual) })
    assert.deepEqual(single.addresses('web'), ['192.0.2.10'])
  })

  it('§3.1.7 an address that it may not keep: cleared with an event, and another one given', async () => {
    const here = await rest({ p: [[four]] }, { web: {} })
    here.takeEvents('web')
    here.putPool('p', { addresses: ['198.51.100.0/30'] })
    await here.settle()
    assert.deepEqual(here.addresses('web'), ['198.51.100.0'])
    assert.deepEqual(
      here.takeEvents('web').map(({ reason }) => reason),
      ['ClearAssignment', 'IPAllocated'],
    )
  })

  it('§3.1.8 another pool asked for by annotation: cleared and given from that pool', async () => {
    const here = await rest({ p: [[four]], q: [['198.51.100.0/30']] }, { web: {} })
    assert.deepEqual(await edit(here, 'web', from('q')), ['198.51.100.0'])
    assert.equal(here.services()[0]?.annotations[FROM], 'q')
  })

  it('§3.1.9 a request that cannot be understood: a warning, and the address stays; another request: moved', async () => {
    const here = await rest({ p: [[four]] }, { web: {} })
    here.takeEvents('web')
    assert.deepEqual(await edit(here, 'web', asking('192.0.2.300')), ['192.0.2.10'])
    assert.deepEqual(
      here.takeEvents('web').map(({ type, reason }) => [type, reason]),
      [['Warning', 'LoadBalancerFailed']],
    )
    assert.deepEqual(await edit(here, 'web', asking('192.0.2.12')), ['192.0.2.12'])
  })

  it('§3.1.9 the order of the status is not rewritten by the comparison (deviation: MetalLB sorts it as text)', async () => {
    const here = await rest({ p: [[six]] }, { web: prefer(...dual) })
    here.putPool('p', { addresses: [four, six] })
    await here.settle()
    const both = ['2001:db8::a', '192.0.2.10']
    assert.deepEqual(here.addresses('web'), both)
    assert.deepEqual(await edit(here, 'web', asking('192.0.2.10,2001:db8::a', prefer(...dual))), both)
  })

  it('§3.1.10 one address and PreferDualStack: the second comes from the same pool, the first stays first', async () => {
    const here = await rest({ p: [[four]], q: [[six]] }, { web: prefer(...dual) })
    assert.deepEqual(here.addresses('web'), ['192.0.2.10'])
    here.takeEvents('web')
    here.putPool('p', { addresses: [four, '2001:db8:1::/126'] })
    await here.settle()
    assert.deepEqual(here.addresses('web'), ['192.0.2.10', '2001:db8:1::'])
    assert.deepEqual(
      here.takeEvents('web').map(({ message }) => message),
      ['Assigned additional IP ["2001:db8:1::"]'],
    )
  })

  it('§3.1.11 none: allocated; a failure is told and leaves the status empty', async () => {
    const here = await rest({ p: [['192.0.2.10/32']] }, { first: {}, second: {} })
    assert.deepEqual(here.addresses('first'), ['192.0.2.10'])
    assert.deepEqual([here.addresses('second'), here.condition('second')?.reason], [[], 'PoolExhausted'])
    assert.deepEqual(
      here.takeEvents('second').map(({ type, reason }) => [type, reason]),
      [['Warning', 'AllocationFailed']],
    )
  })

  it('§3.1.12 written: the addresses and the annotation with the pool; deviation: with ipMode', async () => {
    const here = await rest({ p: [[four]] }, { web: {} })
    const [web] = here.services()
    assert.deepEqual(web?.ingress, [{ ip: '192.0.2.10', ipMode: 'VIP' }])
    assert.equal(web?.annotations[FROM], 'p')
  })
})

describe("the reference's choice of pool and address", () => {
  it('§3.2 explicit IPs: annotation and spec.loadBalancerIP together are an error', async () => {
    const here = await rest({ p: [[four]] }, { web: asking('192.0.2.11', { spec: { loadBalancerIP: '192.0.2.11' } }) })
    assert.deepEqual([here.addresses('web'), here.condition('web')?.reason], [[], 'InvalidRequest'])
  })

  it('§3.2 explicit IPs: the families must be those of the cluster IPs; deviation: one will do where two are preferred', async () => {
    const here = await rest(
      { p: [[four, six]] },
      {
        wrong: asking('2001:db8::b'),
        lonely: asking('192.0.2.11', require(...dual)),
        both: asking('192.0.2.11,2001:db8::b', require(...dual)),
        preferring: asking('192.0.2.12', prefer(...dual)),
      },
    )
    assert.equal(here.condition('wrong')?.reason, 'InvalidRequest')
    assert.equal(here.condition('lonely')?.reason, 'InvalidRequest')
    assert.deepEqual(here.addresses('both'), ['192.0.2.11', '2001:db8::b'])
    assert.deepEqual(here.addresses('preferring'), ['192.0.2.12'])
  })

  it('§3.2 explicit IPs: all in one pool', async () => {
    const here = await rest({ p: [[four]], q: [[six]] }, { web: asking('192.0.2.11,2001:db8::b', require(...dual)) })
    assert.equal(here.condition('web')?.reason, 'AddressNotInPool')
  })

  it('§3.2 explicit IPs: autoAssign does not matter, serviceAllocation does', async () => {
    const here = await rest(
      { p: [[four], { autoAssign: false }], q: [['198.51.100.0/30'], only('bank')] },
      { web: asking('192.0.2.11'), shop: asking('198.51.100.1') },
    )
    assert.deepEqual(here.addresses('web'), ['192.0.2.11'])
    assert.equal(here.condition('shop')?.reason, 'PoolNotAllowed')
  })

  it('§3.2 explicit IPs: beside a pool annotation they must lie in that pool', async () => {
    const here = await rest(
      { p: [[four]], q: [['198.51.100.0/30']] },
      { wrong: asking('192.0.2.11', from('q')), right: asking('192.0.2.11', from('p')) },
    )
    assert.equal(here.condition('wrong')?.reason, 'AddressNotInPool')
    assert.deepEqual(here.addresses('right'), ['192.0.2.11'])
  })

  it('§3.2 pool annotation: that pool only, autoAssign does not matter, serviceAllocation does', async () => {
    const here = await rest(
      { p: [[four]], q: [['198.51.100.0/32'], { autoAssign: false }], r: [['203.0.113.0/30'], only('bank')] },
      { web: from('q'), full: from('q'), refused: from('r') },
    )
    assert.deepEqual(here.addresses('web'), ['198.51.100.0'])
    assert.equal(here.condition('full')?.reason, 'PoolExhausted', 'no other pool is tried')
    assert.equal(here.condition('refused')?.reason, 'PoolNotAllowed')
  })

  it('§3.2 pool annotation: a pool that lacks the family is said in words (deviation: MetalLB\'s text is ["<nil>"] …)', async () => {
    const here = await rest({ p: [[six]] }, { web: from('p') })
    assert.equal(here.condition('web')?.reason, 'FamilyNotAvailable')
    assert.match(here.condition('web')?.message ?? '', /has IPv4 addresses.*"p" has no addresses of the family/)
  })

  it('§3.2 neither: pools with a serviceAllocation come first, the others then', async () => {
    const here = await rest(
      { a: [['198.51.100.0/30']], z: [['192.0.2.10/32'], only('default')] },
      { web: {}, more: {} },
    )
    assert.deepEqual([here.addresses('web'), here.addresses('more')], [['192.0.2.10'], ['198.51.100.0']])
  })

  it('§3.2 pass A: namespace by name or label and Service labels, with autoAssign, by priority, 0 last', async () => {
    const serviceAllocation = (priority: number, more: object = {}) => ({
      serviceAllocation: { priority, namespaces: ['default'], ...more },
    })
    const here = await rest(
      {
        a: [['192.0.2.1/32'], serviceAllocation(0)],
        b: [['192.0.2.2/32'], serviceAllocation(20)],
        c: [['192.0.2.3/32'], serviceAllocation(10)],
        d: [['192.0.2.4/32'], { ...serviceAllocation(1), autoAssign: false }],
        e: [['192.0.2.5/32'], serviceAllocation(1, { serviceSelectors: [{ matchLabels: { tier: 'db' } }] })],
        f: [
          ['192.0.2.6/32'],
          { serviceAllocation: { priority: 5, namespaceSelectors: [{ matchLabels: { team: 'a' } }] } },
        ],
      },
      { one: {}, two: {}, three: {}, four: {}, five: {} },
      { team: 'a' },
    )
    assert.deepEqual(
      ['one', 'two', 'three', 'four'].map(name => here.addresses(name)[0]),
      ['192.0.2.6', '192.0.2.3', '192.0.2.2', '192.0.2.1'],
    )
    assert.equal(here.condition('five')?.reason, 'PoolExhausted')
  })

  it('§3.2 pass A: equal priorities; deviation: by name instead of at random', async () => {
    const here = await rest(
      { b: [['192.0.2.2/32'], only('default')], a: [['192.0.2.1/32'], only('default')] },
      { web: {} },
    )
    assert.deepEqual(here.addresses('web'), ['192.0.2.1'])
  })

  it('§3.2 pass B: all others with autoAssign; deviation: by name instead of at random', async () => {
    const here = await rest(
      { c: [['192.0.2.3/32']], b: [['192.0.2.2/32']], a: [['192.0.2.1/32'], { autoAssign: false }] },
      { one: {}, two: {}, three: {} },
    )
    assert.deepEqual(
      ['one', 'two', 'three'].map(name => here.addresses(name)[0]),
      ['192.0.2.2', '192.0.2.3', undefined],
    )
  })

  it('§3.2 namespaceSelectors that match no namespace; deviation: nobody is served, asked for or not', async () => {
    const selects = { serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'z' } }] } }
    const here = await rest({ p: [[four], selects] }, { web: {}, byPool: from('p'), byAddress: asking('192.0.2.10') })
    assert.deepEqual(
      ['web', 'byPool', 'byAddress'].map(name => here.condition(name)?.reason),
      ['NoMatchingPool', 'PoolNotAllowed', 'PoolNotAllowed'],
    )
  })

  it('§3.2 serviceAllocation that is empty or has a priority alone serves everybody, before pools without one', async () => {
    for (const serviceAllocation of [{}, { priority: 7 }]) {
      const here = await rest({ a: [[four]], z: [['198.51.100.0/30'], { serviceAllocation }] }, { web: {} })
      assert.deepEqual(here.addresses('web'), ['198.51.100.0'])
    }
  })

  it('§3.2 within a pool: entries in their order, ascending, network and broadcast addresses included', async () => {
    const here = await rest(
      { p: [['198.51.100.2/31', '192.0.2.254-192.0.3.0', '192.0.2.0/31']] },
      {
        ...Object.fromEntries(Array.from({ length: 7 }, (_, index) => [`s${index}`, {}])),
      },
    )
    assert.deepEqual(
      Array.from({ length: 7 }, (_, index) => here.addresses(`s${index}`)[0]),
      ['198.51.100.2', '198.51.100.3', '192.0.2.254', '192.0.2.255', '192.0.3.0', '192.0.2.0', '192.0.2.1'],
    )
    const ipv6 = await rest({ p: [['2001:db8::/126']] }, { web: { spec: { clusterIPs: ['fd00::1'] } } })
    assert.deepEqual(ipv6.addresses('web'), ['2001:db8::'])
  })

  it('§3.2 a freed address is used again at once', async () => {
    const here = await rest({ p: [[four]] }, { web: {}, more: {} })
    here.deleteService('web')
    assert.deepEqual(await edit(here, 'next', {}), ['192.0.2.10'])
  })
})

describe("the reference's logic of families", () => {
  it('§3.3 single family: the first pool that offers it', async () => {
    const here = await rest({ a: [[six]], b: [[four]] }, { web: {}, ipv6: { spec: { clusterIPs: ['fd00::1'] } } })
    assert.deepEqual([here.addresses('web'), here.addresses('ipv6')], [['192.0.2.10'], ['2001:db8::a']])
  })

  it('§3.3 RequireDualStack: the first pool with both free, IPv4 first in the status', async () => {
    const here = await rest(
      { a: [[four]], b: [[six]], c: [['198.51.100.0/30', '2001:db8:1::/126']] },
      { web: require('fd00::1', '10.96.0.1') },
    )
    assert.deepEqual(here.addresses('web'), ['198.51.100.0', '2001:db8:1::'])
  })

  it('§3.3 PreferDualStack: a pool with both wins over earlier ones; else the primary family, else the secondary', async () => {
    const both = await rest({ a: [[four]], b: [['198.51.100.0/30', six]] }, { web: prefer(...dual) })
    assert.deepEqual(both.addresses('web'), ['198.51.100.0', '2001:db8::a'])
    const apart = { a: [[four]], b: [[six]] } satisfies Pools
    assert.deepEqual((await rest(apart, { web: prefer(...dual) })).addresses('web'), ['192.0.2.10'])
    assert.deepEqual((await rest(apart, { web: prefer('fd00::1', '10.96.0.1') })).addresses('web'), ['2001:db8::a'])
    assert.deepEqual((await rest({ b: [[six]] }, { web: prefer(...dual) })).addresses('web'), ['2001:db8::a'])
  })

  it('§3.3 a pool with serviceAllocation ends the search, even if another could give both families', async () => {
    const here = await rest({ a: [[four, six]], z: [['198.51.100.0/30'], only('default')] }, { web: prefer(...dual) })
    assert.deepEqual(here.addresses('web'), ['198.51.100.0'])
  })

  it("§3.3 dual cluster IPs with SingleStack; deviation: it gets an address of the first cluster IP's family", async () => {
    const here = await rest(
      { p: [[four, six]] },
      { web: { spec: { clusterIPs: dual, ipFamilyPolicy: 'SingleStack' } } },
    )
    assert.deepEqual(here.addresses('web'), ['192.0.2.10'])
  })

  it('§3.3 PreferDualStack with one cluster IP behaves like a single family', async () => {
    const here = await rest({ p: [[four, six]] }, { web: prefer('10.96.0.1') })
    assert.deepEqual([here.addresses('web'), here.condition('web')?.reason], [['192.0.2.10'], 'Allocated'])
  })

  it('§3.3 over time, a pool becomes dual: the second address is added, the first kept', async () => {
    const here = await rest({ p: [[six]] }, { web: prefer(...dual) })
    here.putPool('p', { addresses: [six, four] })
    await here.settle()
    assert.deepEqual(here.addresses('web'), ['2001:db8::a', '192.0.2.10'])
  })

  it('§3.3 over time, a pool loses a family; deviation: the other address is kept', async () => {
    const here = await rest({ p: [[four, six]] }, { lower: prefer(...dual), web: prefer(...dual) })
    here.deleteService('lower')
    here.putPool('p', { addresses: [six] })
    await here.settle()
    assert.deepEqual(
      [here.addresses('web'), here.condition('web')?.reason],
      [['2001:db8::b'], 'SecondFamilyNotAvailable'],
    )
  })

  it('§3.3 over time, another pool with both appears: no move', async () => {
    const here = await rest({ p: [[four]] }, { web: prefer(...dual) })
    here.putPool('a', { addresses: ['198.51.100.0/30', six] })
    await here.settle()
    assert.deepEqual(here.addresses('web'), ['192.0.2.10'])
  })

  it('§3.3 over time, Prefer becomes Require on a pool of one family: removed; and Prefer again: back', async () => {
    const here = await rest({ p: [[four]] }, { web: prefer(...dual) })
    assert.deepEqual(await edit(here, 'web', require(...dual)), [])
    assert.deepEqual(await edit(here, 'web', prefer(...dual)), ['192.0.2.10'])
  })
})

describe("the reference's rule of sharing", () => {
  const local = (app: string) => ({ externalTrafficPolicy: 'Local', selector: { app } })
  const one = { p: [['192.0.2.10/32']] } satisfies Pools
  const second = async (service: SimulatedService, first: SimulatedService = sharing('k', 80)) =>
    (await rest(one, { first, second: service })).addresses('second').length === 1

  it('§3.4 shared where both keys are equal and not empty, the backends agree and no port clashes', async () => {
    assert.equal(await second(sharing('k', 443)), true)
    assert.equal(await second(sharing('l', 443)), false)
    assert.equal(await second(sharing('', 443), sharing('', 80)), false)
    assert.equal(await second(sharing('k', 80)), false)
    assert.equal(await second(sharing('k', 0, { ports: [{ port: 80, protocol: 'UDP' }] })), true)
    assert.equal(await second(sharing('k', 443, local('a')), sharing('k', 80, local('a'))), true)
    assert.equal(await second(sharing('k', 443, local('b')), sharing('k', 80, local('a'))), false)
  })

  it('§3.4 Cluster and Local never share, but for a Local one without selector', async () => {
    assert.equal(await second(sharing('k', 443, local('a'))), false)
    assert.equal(await second(sharing('k', 443, { externalTrafficPolicy: 'Local' })), true)
  })

  it('§3.4 a sole user changes its key in place; one of several is moved, or left pending', async () => {
    const here = await rest(
      { p: [['192.0.2.10/31']] },
      { first: sharing('k', 80), second: asking('192.0.2.10', sharing('k', 443)) },
    )
    const changed = sharing('l', 443)
    assert.deepEqual(await edit(here, 'second', changed), ['192.0.2.11'])
    assert.ok(here.takeEvents('second').some(({ reason }) => reason === 'ClearAssignment'))
    assert.deepEqual(await edit(here, 'first', sharing('m', 80)), ['192.0.2.10'])
    const full = await rest(one, { first: sharing('k', 80), second: sharing('k', 443) })
    assert.deepEqual(await edit(full, 'second', changed), [])
    assert.deepEqual(full.addresses('first'), ['192.0.2.10'])
  })

  it('§3.4 a lower free address goes before a higher one that could be shared; asking for it guarantees it', async () => {
    const here = await rest(
      { p: [[four]] },
      {
        first: asking('192.0.2.12', sharing('k', 80)),
        free: sharing('k', 443),
        asks: asking('192.0.2.12', sharing('k', 81)),
      },
    )
    assert.deepEqual([here.addresses('free'), here.addresses('asks')], [['192.0.2.10'], ['192.0.2.12']])
  })

  it('§3.4 a change of key lets those that wait join', async () => {
    const here = await rest(one, { first: sharing('x', 80), second: sharing('k', 443) })
    assert.deepEqual(here.addresses('second'), [])
    await edit(here, 'first', sharing('k', 80))
    assert.deepEqual(here.addresses('second'), ['192.0.2.10'])
  })

  it('§3.4 a new Service with Local asks nobody again (deviation: MetalLB reprocesses all)', async () => {
    const here = await rest({ p: [[four]] }, { web: {} })
    const before = here.reconciles
    await edit(here, 'local', { spec: { externalTrafficPolicy: 'Local', selector: { app: 'a' } } })
    assert.ok(here.reconciles - before <= 2, 'the new one, and what its own write brings back')
  })

  it('§3.4 changed ports are checked again; node ports do not matter', async () => {
    const here = await rest(one, { first: sharing('k', 80), second: sharing('k', 443) })
    assert.deepEqual(await edit(here, 'second', sharing('k', 80)), [])
    const ports = [{ port: 443, nodePort: 30_080 }]
    assert.deepEqual(await edit(here, 'second', sharing('k', 443, { ports })), ['192.0.2.10'])
  })

  it('§3.4 the key is forgotten with the last Service; deviation: not with its last port', async () => {
    const here = await rest(one, { first: sharing('k', 80) })
    await edit(here, 'first', sharing('k', 80, { ports: [] }))
    assert.deepEqual(await edit(here, 'other', sharing('l', 443)), [])
    here.deleteService('first')
    await here.settle()
    assert.deepEqual(here.addresses('other'), ['192.0.2.10'])
  })
})
