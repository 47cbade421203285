import assert from 'node:assert/strict'
import { asking, dual, edit, FROM, four, from, prefer, require, rest, six } from './reference-cluster.ts'

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
