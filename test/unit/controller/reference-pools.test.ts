import assert from 'node:assert/strict'
import { asking, dual, edit, four, from, only, prefer, require, rest, six } from './reference-cluster.ts'

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
