import assert from 'node:assert/strict'
import type { SimulatedCluster } from '../../support/simulated-cluster.ts'
import { dual, FROM, four, rest } from './reference-cluster.ts'

const told = (cluster: SimulatedCluster, name: string) =>
  cluster.takeEvents(name).map(({ type, reason }) => `${type} ${reason}`)

describe("the reference's events", () => {
  it('§4 not enough clusterips: Warning, RequireDualStack with fewer than two cluster IPs', async () => {
    const here = await rest(
      { p: [[four]] },
      { web: { spec: { clusterIPs: ['10.96.0.1'], ipFamilyPolicy: 'RequireDualStack' } } },
    )
    assert.deepEqual(told(here, 'web'), ['Warning not enough clusterips'])
  })

  it('§4 nolbIPsIPFamily; deviation: a status of others is left alone (AllocationFailed, ForeignAddress), its own is mended (ClearAssignment)', async () => {
    const ingress = [{ hostname: 'lb.example' }]
    const here = await rest({ p: [[four]] }, { foreign: { ingress }, own: { ingress, annotations: { [FROM]: 'p' } } })
    assert.deepEqual(told(here, 'foreign'), ['Warning AllocationFailed'])
    assert.equal(here.condition('foreign')?.reason, 'ForeignAddress')
    assert.deepEqual(told(here, 'own'), ['Normal ClearAssignment', 'Normal IPAllocated'])
  })

  it('§4 noclusterIPsIPFamily: Warning, the cluster IPs give no family', async () => {
    const here = await rest({ p: [[four]] }, { web: { spec: { clusterIPs: ['None'] } } })
    assert.deepEqual(told(here, 'web'), ['Warning noclusterIPsIPFamily'])
  })

  it('§4 ClearAssignment: Normal, with the reason', async () => {
    const here = await rest({ p: [[four]], q: [['198.51.100.0/30']] }, { web: {} })
    here.takeEvents('web')
    here.putService('web', { annotations: { 'metallb.io/address-pool': 'q' } })
    await here.settle()
    const [event] = here.takeEvents('web')
    assert.deepEqual([event?.type, event?.reason], ['Normal', 'ClearAssignment'])
    assert.match(event?.message ?? '', /192\.0\.2\.10 is of the IPAddressPool "p", but the Service asks for "q"/)
  })

  it('§4 LoadBalancerFailed: Warning, the request is invalid', async () => {
    const here = await rest({ p: [[four]] }, { web: { spec: { loadBalancerIP: 'nonsense' } } })
    assert.deepEqual(told(here, 'web'), ['Warning LoadBalancerFailed'])
  })

  it('§4 AdditionalAssignFailed: Normal, no second family; deviation: once, not at every pass', async () => {
    const spec = { clusterIPs: dual, ipFamilyPolicy: 'PreferDualStack' }
    const here = await rest({ p: [[four]] }, { web: { spec } })
    assert.deepEqual(told(here, 'web'), ['Normal IPAllocated', 'Normal AdditionalAssignFailed'])
    assert.match(
      here.condition('web')?.message ?? '',
      /192\.0\.2\.10 from the IPAddressPool "p", which has no IPv6 address/,
    )
    here.askEverybody()
    await here.settle()
    assert.deepEqual(told(here, 'web'), [])
  })

  it('§4 IPAllocated: Normal, with the addresses', async () => {
    const here = await rest({ p: [[four]] }, { web: {} })
    assert.deepEqual(here.takeEvents('web'), [
      { type: 'Normal', reason: 'IPAllocated', message: 'Assigned IP ["192.0.2.10"]' },
    ])
  })

  it('§4 AllocationFailed: Warning, with the reason and the pools that were looked at', async () => {
    const here = await rest({ p: [['2001:db8::/126']] }, { web: {} })
    const [event] = here.takeEvents('web')
    assert.deepEqual([event?.type, event?.reason], ['Warning', 'AllocationFailed'])
    assert.match(event?.message ?? '', /^FamilyNotAvailable: .*"p" has no addresses of the family/)
  })

  it('§4 InternalError; deviation: what should not happen ends the reconcile with an error in the log, and is tried again', async () => {
    const here = await rest({ p: [[four]] })
    here.controller.allocator.hold = () => ({ refused: 'not-in-pool' })
    here.putService('web', {})
    await assert.rejects(here.controller.reconcile('default/web'), /allocator refused what it offered to default\/web/)
  })

  it('§4 deprecatedAnnotation: Warning, when a Service with an old prefix is new or was edited', async () => {
    const here = await rest({ p: [[four]] }, { web: { annotations: { 'metallb.universe.tf/address-pool': 'p' } } })
    const [event] = here.takeEvents('web')
    assert.deepEqual([event?.type, event?.reason], ['Warning', 'deprecatedAnnotation'])
    assert.match(event?.message ?? '', /metallb\.universe\.tf\/address-pool/)
    here.restart()
    await here.settle()
    assert.deepEqual(told(here, 'web'), [], 'a restart is no edit')
    const annotations = { 'metallb.universe.tf/address-pool': 'p', 'metallb.universe.tf/allow-shared-ip': 'k' }
    here.putService('web', { annotations })
    await here.settle()
    assert.match(here.takeEvents('web')[0]?.message ?? '', /: metallb\.universe\.tf\/allow-shared-ip\./)
    here.putService('web', { annotations, labels: { more: 'x' } })
    await here.settle()
    assert.deepEqual(told(here, 'web'), [])
  })

  // nodeAssigned and announceFailed are the speaker's: test/integration/speaker/speaker.test.ts.
})
