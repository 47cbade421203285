import assert from 'node:assert/strict'
import { parseBfdProfile } from '../../../src/config/bfd-profile.ts'
import { peersOfNode } from '../../../src/config/bgp-config.ts'
import { parseBgpPeer } from '../../../src/config/bgp-peer.ts'
import { formatAddress } from '../../../src/ip/address.ts'
import { viewPasswordSecret } from '../../../src/resources/password-secret.ts'
import { combine, names, nodes, peer, rack, secret } from './bgp-sources.ts'

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
