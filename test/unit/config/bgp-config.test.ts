import assert from 'node:assert/strict'
import { type AddressPool, parseAddressPool } from '../../../src/config/address-pool.ts'
import { parseBfdProfile } from '../../../src/config/bfd-profile.ts'
import { parseBgpAdvertisement } from '../../../src/config/bgp-advertisement.ts'
import { advertisementsOfPool, type BgpSources, combineBgpConfig, peersOfNode } from '../../../src/config/bgp-config.ts'
import { parseBgpPeer } from '../../../src/config/bgp-peer.ts'
import { parseCommunity } from '../../../src/config/community.ts'
import { formatAddress } from '../../../src/ip/address.ts'
import { viewPasswordSecret } from '../../../src/resources/password-secret.ts'

const namespace = 'metallb-system'
/** each object is younger than the one before */
let day = 0
const metadata = (name: string) => ({ name, namespace, creationTimestamp: new Date(Date.UTC(2026, 0, ++day)) })

const peer = (name: string, spec: object = {}) =>
  parseBgpPeer({
    metadata: metadata(name),
    spec: { myASN: 64512, peerASN: 64513, peerAddress: '203.0.113.1', ...spec },
  })
const advertisement = (name: string, spec: object = {}) => parseBgpAdvertisement({ metadata: metadata(name), spec })
const community = (name: string, aliases: Record<string, string>) =>
  parseCommunity({
    metadata: metadata(name),
    spec: { communities: Object.entries(aliases).map(([alias, value]) => ({ name: alias, value })) },
  })
const secret = (name: string, password: string, type = 'kubernetes.io/basic-auth') =>
  viewPasswordSecret({ metadata: { name }, type, data: { password: Buffer.from(password).toString('base64') } })
const rack = (name: string) => ({ nodeSelectors: [{ matchLabels: { rack: name } }] })

function pool(name: string, ...addresses: string[]): AddressPool {
  const parsed = parseAddressPool({ metadata: { name, labels: { pool: name } }, spec: { addresses } })
  assert.ok('pool' in parsed)
  return parsed.pool
}

const nodes = ['1', '2'].map(number => ({ name: `node-${number}`, labels: { rack: number } }))

function combine(sources: Partial<BgpSources> = {}) {
  const none = { peers: [], advertisements: [], profiles: [], communities: [], secrets: [], pools: [] }
  return combineBgpConfig({ ...none, nodes, ...sources })
}

const names = (objects: readonly { readonly name: string }[]) => objects.map(({ name }) => name)

describe('peers', () => {
  it('of which one cannot be read concern no other', () => {
    const { peers, refused } = combine({ peers: [peer('bad', { myASN: 0 }), peer('good')] })
    assert.deepEqual(names(peers), ['good'])
    assert.deepEqual(
      refused.map(({ kind, name, problem }) => [kind, name, problem.field]),
      [['BGPPeer', 'bad', 'spec.myASN']],
    )
  })

  it('get the password of their Secret', () => {
    const { peers, refused } = combine({
      peers: [peer('tor', { passwordSecret: { name: 'bgp', namespace: 'elsewhere' } })],
      secrets: [secret('bgp', 'pässword\n')],
    })
    assert.deepEqual(refused, [])
    assert.equal(peers[0]!.password, 'pässword\n')
  })

  const missing: { what: string; secrets: ReturnType<typeof secret>[]; problem: RegExp; summary?: string }[] = [
    {
      what: 'that is missing',
      secrets: [],
      problem: /there is no Secret "bgp" in the namespace "metallb-system"/,
      summary:
        'parsing peer tor secret ref not found for peer config "metallb-system"/"tor"\nfailed to parse peer tor password secret',
    },
    {
      what: 'of another type',
      secrets: [secret('bgp', 'x', 'Opaque')],
      problem: /the Secret "bgp" must have the type kubernetes\.io\/basic-auth/,
      summary:
        'parsing peer tor secret type mismatch on "metallb-system"/"bgp", type "kubernetes.io/basic-auth" is expected \nfailed to parse peer tor password secret',
    },
    { what: 'without a password', secrets: [secret('bgp', '')], problem: /no text under the key "password"/ },
    { what: 'with one that is too long', secrets: [secret('bgp', 'x'.repeat(81))], problem: /80 bytes/ },
  ]
  for (const { what, secrets, problem, summary } of missing) {
    it(`with a Secret ${what} are refused alone`, () => {
      const { peers, refused } = combine({
        peers: [peer('tor', { passwordSecret: { name: 'bgp' } }), peer('other', { peerAddress: '203.0.113.2' })],
        secrets,
      })
      assert.deepEqual(names(peers), ['other'])
      assert.equal(refused.length, 1)
      assert.equal(refused[0]!.problem.field, 'spec.passwordSecret')
      assert.match(refused[0]!.problem.message, problem)
      assert.equal(refused[0]!.summary, summary)
    })
  }

  it('whose Secret holds no UTF-8 are refused', () => {
    const type = 'kubernetes.io/basic-auth'
    for (const password of ['/w==', '*']) {
      const secrets = [viewPasswordSecret({ metadata: { name: 'bgp' }, type, data: { password } })]
      assert.equal(combine({ peers: [peer('tor', { passwordSecret: { name: 'bgp' } })], secrets }).refused.length, 1)
    }
  })

  it('that name a profile get it; one that does not stand refuses them alone', () => {
    const { peers, refused } = combine({
      peers: [
        peer('good', { bfdProfile: 'fast' }),
        peer('unknown', { bfdProfile: 'none', peerAddress: '203.0.113.2' }),
        peer('unlucky', { bfdProfile: 'bad', peerAddress: '203.0.113.3' }),
      ],
      profiles: [
        parseBfdProfile({ metadata: { name: 'fast' }, spec: { receiveInterval: 10 } }),
        parseBfdProfile({ metadata: { name: 'bad' }, spec: { receiveInterval: 1 } }),
      ],
    })
    assert.deepEqual(names(peers), ['good'])
    assert.equal(peers[0]!.bfd?.receiveIntervalMs, 10)
    assert.deepEqual(
      refused.map(({ name, problem }) => [name, problem.field]),
      [
        ['bad', 'spec.receiveInterval'],
        ['unknown', 'spec.bfdProfile'],
        ['unlucky', 'spec.bfdProfile'],
      ],
    )
    assert.equal(refused[1]!.summary, 'peer unknown referencing non existing bfd profile none')
    assert.match(refused[1]!.problem.message, /"none"/)
  })

  it('keep their session when the profile asks for echo, which is told of', () => {
    const { peers, refused, notices } = combine({
      peers: [peer('tor', { bfdProfile: 'echo' })],
      profiles: [parseBfdProfile({ metadata: { name: 'echo' }, spec: { echoMode: true } })],
    })
    assert.deepEqual([names(peers), refused.length], [['tor'], 0])
    assert.deepEqual(
      notices.map(({ kind, name, problem }) => [kind, name, problem.field]),
      [['BFDProfile', 'echo', 'spec.echoMode']],
    )
  })
})

describe('peers of a node', () => {
  const onNode = (index: number, config: ReturnType<typeof combine>) => names(peersOfNode(config, nodes[index]!))

  it('are those that select it', () => {
    const config = combine({ peers: [peer('all'), peer('one', { ...rack('2'), peerAddress: '203.0.113.2' })] })
    assert.deepEqual([onNode(0, config), onNode(1, config)], [['all'], ['all', 'one']])
  })

  it('that are one session stand once, the elder, and the other is told where it does not', () => {
    const first = peer('first', rack('1'))
    const config = combine({ peers: [peer('second'), first] })
    assert.deepEqual([onNode(0, config), onNode(1, config)], [['first'], ['second']])
    assert.deepEqual(
      config.refused.map(({ name, summary, partly }) => ({ name, summary, partly })),
      [
        {
          name: 'second',
          summary:
            "peer 203.0.113.1 already exists, FRR mode doesn't support duplicate BGPPeers selecting the same node",
          partly: true,
        },
      ],
    )
    assert.match(config.refused[0]!.problem.message, /that of the BGPPeer "first" on 1 of the 2 nodes/)
  })

  it('that are one session everywhere are refused wholly', () => {
    const config = combine({ peers: [peer('first'), peer('second', { peerPort: 179 })] })
    assert.deepEqual(names(peersOfNode(config, nodes[0]!)), ['first'])
    assert.equal(config.refused[0]!.partly, undefined)
    assert.match(config.refused[0]!.problem.message, /"first" on every node that it selects/)
  })

  it('of one age stand by name', () => {
    const creationTimestamp = '2026-01-01T00:00:00Z'
    const peers = ['b', 'a'].map(name =>
      parseBgpPeer({
        metadata: { name, creationTimestamp },
        spec: { myASN: 1, peerASN: 2, peerAddress: '', interface: 'eth0' },
      }),
    )
    const config = combine({ peers })
    assert.deepEqual(onNode(0, config), ['a'])
    assert.match(config.refused[0]!.summary!, /^peer eth0 already exists/)
  })

  for (const [what, spec] of [
    ['port', { peerPort: 1179 }],
    ['VRF', { vrf: 'red' }],
    ['source address', { sourceAddress: '203.0.113.9' }],
  ] as const) {
    it(`are other sessions with another ${what}`, () => {
      const config = combine({ peers: [peer('first'), peer('second', spec)] })
      assert.deepEqual(config.refused, [])
      assert.deepEqual(onNode(0, config), ['first', 'second'])
    })
  }

  const families: [spec: object, expected: number[]][] = [
    [{}, [4]],
    [{ peerAddress: '2001:db8::1' }, [6]],
    [{ dualStackAddressFamily: true }, [4, 6]],
    [{ peerAddress: '2001:db8::1', dualStackAddressFamily: true }, [6, 4]],
    [{ peerAddress: '', interface: 'eth0' }, [6, 4]],
  ]
  for (const [spec, expected] of families) {
    it(`carry the families ${expected} with ${JSON.stringify(spec)}`, () => {
      const [config] = peersOfNode(combine({ peers: [peer('tor', spec)] }), nodes[0]!)
      assert.deepEqual(config!.families, expected)
    })
  }

  it('bring everything that a session needs and nothing that is not set', () => {
    const [plain] = peersOfNode(combine({ peers: [peer('tor')] }), nodes[0]!)
    assert.deepEqual(
      Object.entries(plain!).filter(([, value]) => value === undefined),
      [],
    )
    const spec = {
      ...{ sourceAddress: '203.0.113.9', routerID: '192.0.2.1', keepaliveTime: '10s', password: 'p', vrf: 'red' },
      ...{ ebgpMultiHop: true, enableGracefulRestart: true },
    }
    const [full] = peersOfNode(combine({ peers: [peer('tor', spec)] }), nodes[0]!)
    const { location, sourceAddress, bfd, ...rest } = full!
    assert.equal(location.type === 'address' && formatAddress(location.address), '203.0.113.1')
    assert.equal(sourceAddress && formatAddress(sourceAddress), '203.0.113.9')
    assert.equal(bfd, undefined)
    assert.deepEqual(rest, {
      ...{ name: 'tor', port: 179, localAs: 64512, peerAs: 64513, mode: 'active', routerId: 0xc000_0201 },
      ...{ holdTimeSeconds: 30, keepaliveTimeSeconds: 10, connectRetrySeconds: 10, password: 'p', vrf: 'red' },
      ...{ multihop: true, gracefulRestart: true, families: [4] },
    })
  })

  it('on an interface are one hop away', () => {
    const spec = { peerAddress: '', interface: 'eth0', ebgpMultiHop: true }
    assert.equal(peersOfNode(combine({ peers: [peer('tor', spec)] }), nodes[0]!)[0]!.multihop, false)
  })
})

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
