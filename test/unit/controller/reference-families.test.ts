import assert from 'node:assert/strict'
import { dual, edit, four, only, type Pools, prefer, require, rest, six } from './reference-cluster.ts'

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
