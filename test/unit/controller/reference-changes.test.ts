import assert from 'node:assert/strict'
import type { SimulatedCluster } from '../../support/simulated-cluster.ts'
import { dual, FROM, four, rest } from './reference-cluster.ts'

describe("the reference's changes over time", () => {
  it('§3.5 pool renamed: the address stays, annotation and counters move', async () => {
    const here = await rest({ p: [[four]] }, { lower: {}, web: {} })
    here.deleteService('lower')
    await here.settle()
    here.deletePool('p')
    here.putPool('q', { addresses: [four] })
    await here.settle()
    assert.deepEqual(here.addresses('web'), ['192.0.2.11'])
    assert.equal(here.services()[0]?.annotations[FROM], 'q')
    assert.deepEqual([here.controller.allocator.inUse('p')[4], here.controller.allocator.inUse('q')[4]], [0, 1])
  })

  it('§3.5 pool split: addresses stay, each with the pool that has it now', async () => {
    const here = await rest({ p: [[four]] }, { a: {}, b: {} })
    here.putPool('p', { addresses: ['192.0.2.10/32'] })
    here.putPool('q', { addresses: ['192.0.2.11-192.0.2.13'] })
    await here.settle()
    assert.deepEqual([here.addresses('a'), here.addresses('b')], [['192.0.2.10'], ['192.0.2.11']])
    assert.deepEqual(
      here.services().map(({ annotations }) => annotations[FROM]),
      ['p', 'q'],
    )
  })

  it('§3.5 pool shrunk: those outside get another address of what is left; the others stay', async () => {
    const here = await rest({ p: [[four]] }, { a: {}, b: {} })
    here.putPool('p', { addresses: ['192.0.2.11-192.0.2.13'] })
    await here.settle()
    assert.deepEqual([here.addresses('a'), here.addresses('b')], [['192.0.2.12'], ['192.0.2.11']])
  })

  it('§3.5 pool deleted: from what is left; the last pool gone: the status is emptied', async () => {
    const here = await rest({ p: [[four]], q: [['198.51.100.0/30']] }, { web: {} })
    here.deletePool('p')
    await here.settle()
    assert.deepEqual(here.addresses('web'), ['198.51.100.0'])
    here.deletePool('q')
    await here.settle()
    assert.deepEqual(here.addresses('web'), [])
  })

  it('§3.5 avoidBuggyIPs switched on: those on .0 and .255 move', async () => {
    const here = await rest({ p: [['192.0.2.255-192.0.3.9']] }, { a: {}, b: {}, c: {} })
    here.putPool('p', { addresses: ['192.0.2.255-192.0.3.9'], avoidBuggyIPs: true })
    await here.settle()
    assert.deepEqual(
      ['a', 'b', 'c'].map(name => here.addresses(name)[0]),
      ['192.0.3.2', '192.0.3.3', '192.0.3.1'],
    )
  })

  describe('§3.5 the two addresses of a Service come to lie in different pools', () => {
    const both = '2001:db8::a-2001:db8::d'
    const moves = async (ipFamilyPolicy: string, p: string[], q: string[]) => {
      const here = await rest({ p: [[four, both]] }, { web: { spec: { clusterIPs: dual, ipFamilyPolicy } } })
      assert.deepEqual(here.addresses('web'), ['192.0.2.10', '2001:db8::a'])
      here.deletePool('p')
      here.putPool('p', { addresses: p })
      here.putPool('q', { addresses: q })
      await here.settle()
      const settled = here.snapshot()
      here.restart()
      await here.settle()
      assert.deepEqual(here.snapshot(), settled)
      return here.addresses('web')
    }

    it('prefers two, no pool has both: the first is kept', async () => {
      assert.deepEqual(await moves('PreferDualStack', [four], [both]), ['192.0.2.10'])
    })

    it('prefers two, one pool has both: its address is kept, and the other added from there', async () => {
      const q = [both, '198.51.100.0/30']
      assert.deepEqual(await moves('PreferDualStack', [four], q), ['2001:db8::a', '198.51.100.0'])
      const p = [four, '2001:db8:1::/126']
      assert.deepEqual(await moves('PreferDualStack', p, [both]), ['192.0.2.10', '2001:db8:1::'])
    })

    it('requires two: the address of the pool that has both is kept, whichever it is; none where no pool has', async () => {
      const q = [both, '198.51.100.0/30']
      assert.deepEqual(await moves('RequireDualStack', [four], q), ['2001:db8::a', '198.51.100.0'])
      assert.deepEqual(await moves('RequireDualStack', [four], [both]), [])
    })
  })

  const rows: [what: string, change: (cluster: SimulatedCluster) => void][] = [
    [
      'serviceAllocation',
      here => here.putPool('p', { addresses: [four], serviceAllocation: { namespaces: ['bank'] } }),
    ],
    ['the labels of the Service', here => here.putService('web', { labels: { tier: 'db' } })],
    ['the labels of the namespace', here => here.labelNamespace({ team: 'b' })],
  ]
  for (const [what, change] of rows) {
    it(`§3.5 ${what} changed so that the pool does not serve it any more: another address is given, and told of`, async () => {
      const serviceAllocation = {
        namespaceSelectors: [{ matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['b'] }] }],
        serviceSelectors: [{ matchLabels: { tier: 'web' } }],
      }
      const here = await rest(
        { p: [[four], { serviceAllocation }], q: [['198.51.100.0/30']] },
        { web: { labels: { tier: 'web' } } },
      )
      assert.deepEqual(here.addresses('web'), ['192.0.2.10'])
      here.takeEvents('web')
      change(here)
      await here.settle()
      assert.deepEqual(here.addresses('web'), ['198.51.100.0'])
      const [cleared] = here.takeEvents('web')
      assert.equal(cleared?.reason, 'ClearAssignment')
      assert.match(cleared?.message ?? '', /"p", which does not serve this Service any more/)
    })
  }

  it('§3.5 autoAssign switched off: holders stay', async () => {
    const here = await rest({ p: [[four]] }, { web: {} })
    here.putPool('p', { addresses: [four], autoAssign: false })
    await here.settle()
    assert.deepEqual(here.addresses('web'), ['192.0.2.10'])
  })

  it('§3.5 policy, selector, ports, sharing key changed: checked again, and kept where nobody shares it', async () => {
    const here = await rest({ p: [[four]] }, { lower: {}, web: {} })
    here.deleteService('lower')
    for (const spec of [{ externalTrafficPolicy: 'Local', selector: { app: 'b' } }, { ports: [{ port: 8080 }] }]) {
      here.putService('web', { annotations: { 'metallb.io/allow-shared-ip': 'k' }, spec })
      await here.settle()
      assert.deepEqual(here.addresses('web'), ['192.0.2.11'])
    }
  })

  it('§3.5 type changed or deleted: what it had goes to those that wait; deviation: the oldest first', async () => {
    const here = await rest({ p: [['192.0.2.10/32']] }, { web: {}, zOlder: {}, aYounger: {} })
    here.putService('web', { spec: { type: 'ClusterIP' } })
    await here.settle()
    assert.deepEqual([here.addresses('zOlder'), here.addresses('aYounger')], [['192.0.2.10'], []])
    here.deleteService('zOlder')
    await here.settle()
    assert.deepEqual(here.addresses('aYounger'), ['192.0.2.10'])
  })

  it('§3.5 many wait: a freed address asks one of them, not all, and ten ask ten', async () => {
    const here = await rest({ p: [['192.0.2.0/28']] })
    for (let index = 0; index < 516; index++) here.putService(`s${String(index).padStart(3, '0')}`, {})
    await here.settle()
    assert.equal(here.controller.waiting, 500)
    const before = here.reconciles
    for (let index = 0; index < 10; index++) here.deleteService(`s00${index}`)
    await here.settle()
    assert.equal(here.controller.waiting, 490)
    assert.deepEqual(here.addresses('s016'), ['192.0.2.0'])
    assert.deepEqual(here.addresses('s025'), ['192.0.2.9'])
    // Each that went, each that was asked, what its write brought back, and the one after the last.
    assert.ok(here.reconciles - before <= 32, `${here.reconciles - before} reconciles`)
  })

  it('§3.5 new pool: those that wait are tried again', async () => {
    const here = await rest({}, { web: {} })
    here.putPool('p', { addresses: [four] })
    await here.settle()
    assert.deepEqual(here.addresses('web'), ['192.0.2.10'])
  })

  it('§3.5 a resource that is wrong; deviation: it alone is refused, the others are taken', async () => {
    const here = await rest({ p: [[four]] }, { web: {} })
    here.putPool('q', { addresses: ['nonsense'] })
    here.putPool('r', { addresses: ['198.51.100.0/30'] })
    await here.settle()
    assert.equal(here.controller.problemOf('q')?.field, 'spec.addresses[0]')
    assert.deepEqual(
      here.controller.pools.map(({ name }) => name),
      ['p', 'r'],
    )
    assert.deepEqual(here.addresses('web'), ['192.0.2.10'])
  })

  it('§3.6 restart: rebuilt from the status of the Services; deviation: holders by age, then those that wait by age', async () => {
    const here = await rest({ p: [['192.0.2.10-192.0.2.11']] }, { zHolder: {}, aHolder: {}, waits: {} })
    const before = here.snapshot()
    const { writes } = here
    here.restart()
    assert.deepEqual([...here.controller.firstPassKeys()], ['default/zHolder', 'default/aHolder', 'default/waits'])
    await here.settle()
    assert.deepEqual(here.snapshot(), before)
    assert.equal(here.writes, writes)
  })
})
