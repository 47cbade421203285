import assert from 'node:assert/strict'
import { advertisementsOfPool } from '../../../src/config/bgp-config.ts'
import { advertisement, combine, community, names, pool, rack } from './bgp-sources.ts'

describe('communities', () => {
  it('are looked up, sorted, each once', () => {
    const { advertisements, refused } = combine({
      advertisements: [advertisement('web', { communities: ['far', '64512:2', 'near', '64512:1', 'large:1:2:3'] })],
      communities: [community('ours', { near: '64512:1', far: 'large:1:2:2' })],
    })
    assert.deepEqual(refused, [])
    assert.deepEqual(advertisements[0]!.communities, [0xfc00_0001, 0xfc00_0002])
    assert.deepEqual(
      advertisements[0]!.largeCommunities.map(({ localData2 }) => localData2),
      [2, 3],
    )
  })

  it('that nobody defines refuse the advertisement that names them alone', () => {
    const { advertisements, refused } = combine({
      advertisements: [advertisement('bad', { communities: ['1:1', 'my-valid-alias'] }), advertisement('good')],
    })
    assert.deepEqual(names(advertisements), ['good'])
    assert.equal(refused[0]!.problem.field, 'spec.communities[1]')
    assert.equal(
      refused[0]!.summary,
      'invalid community format: my-valid-alias\ninvalid community "my-valid-alias" in BGP advertisement',
    )
  })

  it('that two objects define have the value of the elder, and the rest of the younger stands', () => {
    const elder = community('elder', { shared: '1:1' })
    const { advertisements, refused } = combine({
      advertisements: [advertisement('web', { communities: ['shared', 'own'] })],
      communities: [community('younger', { own: '1:3', shared: '1:2' }), elder],
    })
    assert.deepEqual(advertisements[0]!.communities, [0x1_0001, 0x1_0003])
    assert.deepEqual(
      refused.map(({ kind, name, partly, problem }) => [kind, name, partly, problem.field]),
      [['Community', 'younger', true, 'spec.communities[1].name']],
    )
    assert.match(refused[0]!.problem.message, /^duplicate definition of community "shared".*"elder"/)
  })
})

describe('advertisements', () => {
  it('apply to the pools that they name or select', () => {
    const config = combine({
      advertisements: [
        advertisement('all'),
        advertisement('a', { ipAddressPools: ['a'] }),
        advertisement('b', { ipAddressPoolSelectors: [{ matchLabels: { pool: 'b' } }] }),
      ],
    })
    assert.deepEqual(names(advertisementsOfPool(config, pool('a', '192.0.2.0/24'))), ['all', 'a'])
    assert.deepEqual(names(advertisementsOfPool(config, pool('b', '192.0.2.0/24'))), ['all', 'b'])
  })

  const aggregates: [addresses: string[], spec: object, message: RegExp | undefined][] = [
    [
      ['192.0.2.0/28'],
      { aggregationLength: 26 },
      /^invalid aggregation length 26: prefix 28 in this pool is more specific than the aggregation length for addresses 192\.0\.2\.0\/28/,
    ],
    [['192.0.2.0/26'], { aggregationLength: 26 }, undefined],
    [['192.0.2.0/28'], { aggregationLength: 28 }, undefined],
    [['192.0.2.16-192.0.2.31'], { aggregationLength: 27 }, /prefix 28 .* addresses 192\.0\.2\.16\/28/],
    [['192.0.2.15-192.0.2.32'], { aggregationLength: 27 }, /prefix 28 .* addresses 192\.0\.2\.15-192\.0\.2\.32/],
    [['192.0.2.15-192.0.2.32'], { aggregationLength: 28 }, undefined],
    [['192.0.2.0/24', '198.51.100.1-198.51.100.2'], { aggregationLength: 30 }, /prefix 32/],
    [['192.0.2.0/28'], { aggregationLengthV6: 64 }, undefined],
    [['2001:db8::/64'], { aggregationLengthV6: 48 }, /invalid aggregation length 48: prefix 64 .* 2001:db8::\/64/],
    [['192.0.0.0-192.0.2.255'], { aggregationLength: 24 }, undefined],
  ]
  for (const [addresses, spec, message] of aggregates) {
    it(`${message ? 'must not' : 'may'} aggregate ${addresses} with ${JSON.stringify(spec)}`, () => {
      const pools = [pool('small', ...addresses), pool('other', '198.51.100.0/24', '2001:db8:1::/32')]
      const config = combine({ advertisements: [advertisement('web', spec)], pools })
      const problems = config.refused.filter(({ problem }) => problem.message.includes('"small"'))
      assert.equal(problems.length, message ? 1 : 0)
      if (message) assert.match(problems[0]!.problem.message, message)
      assert.equal(advertisementsOfPool(config, pools[0]!).length, message ? 0 : 1)
      assert.equal(advertisementsOfPool(config, pools[1]!).length, 1)
    })
  }

  const preferences: [what: string, first: object, second: object, conflict: boolean][] = [
    ['differ', { localPref: 100 }, { localPref: 200 }, true],
    ['differ from none', {}, { localPref: 200 }, true],
    ['agree', { localPref: 100 }, { localPref: 100 }, false],
    ['are of other routes', { localPref: 100, aggregationLength: 24 }, { localPref: 200 }, false],
    [
      'are of other routes in a family that the pool lacks',
      { localPref: 1 },
      { localPref: 2, aggregationLengthV6: 64 },
      true,
    ],
    ['are for other peers', { localPref: 1, peers: ['a'] }, { localPref: 2, peers: ['b'] }, false],
    ['are for a common peer', { localPref: 1, peers: ['a', 'c'] }, { localPref: 2, peers: ['b', 'c'] }, true],
    ['are for one peer and for all', { localPref: 1, peers: ['a'] }, { localPref: 2 }, true],
    ['are on other nodes', { localPref: 1, ...rack('1') }, { localPref: 2, ...rack('2') }, false],
    ['are on a common node', { localPref: 1, ...rack('1') }, { localPref: 2 }, true],
    [
      'are for some Services',
      { localPref: 1, serviceSelectors: [{ matchLabels: { a: 'b' } }] },
      { localPref: 2 },
      false,
    ],
  ]
  for (const [what, first, second, conflict] of preferences) {
    it(`${conflict ? 'cannot' : 'can'} stand together when their LOCAL_PREFs ${what}`, () => {
      const elder = advertisement('elder', first)
      const pools = [pool('a', '192.0.2.0/24')]
      const config = combine({ advertisements: [advertisement('younger', second), elder], pools })
      assert.deepEqual(names(advertisementsOfPool(config, pools[0]!)), conflict ? ['elder'] : ['elder', 'younger'])
      assert.equal(config.refused.length, conflict ? 1 : 0)
      if (!conflict) return
      const { kind, name, problem, partly } = config.refused[0]!
      assert.deepEqual([kind, name, problem.field, partly], ['BGPAdvertisement', 'younger', 'spec.localPref', true])
      assert.match(problem.message, /"elder" about the same routes of the IPAddressPool "a"/)
    })
  }

  it('that disagree on one pool both apply to others', () => {
    const elder = advertisement('elder', { localPref: 1, ipAddressPools: ['a'] })
    const pools = [pool('a', '192.0.2.0/24'), pool('b', '198.51.100.0/24')]
    const config = combine({ advertisements: [elder, advertisement('younger', { localPref: 2 })], pools })
    assert.deepEqual(names(advertisementsOfPool(config, pools[1]!)), ['younger'])
  })
})
