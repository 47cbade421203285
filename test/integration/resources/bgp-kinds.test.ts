import assert from 'node:assert/strict'
import { stringify } from 'yaml'
import { type BgpPeerResource, parseBgpPeer } from '../../../src/config/bgp-peer.ts'
import { customResourceDefinition } from '../../../src/resources/crd.ts'
import { customResources } from '../../../src/resources/schema-catalogue.ts'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'

const object = (kind: string, spec: unknown, { name = 'test', version = 'v1beta1' } = {}) => ({
  apiVersion: `metallb.io/${version}`,
  kind,
  metadata: { name, namespace: 'default' },
  spec,
})
const minimal = { myASN: 64512, peerASN: 64513, peerAddress: '203.0.113.1' }
const peer = (spec: object, name?: string) => object('BGPPeer', { ...minimal, ...spec }, { name, version: 'v1beta2' })
const oldPeer = (spec: object, name?: string) => object('BGPPeer', { ...minimal, ...spec }, { name })
const advertisement = (spec: unknown) => object('BGPAdvertisement', spec)
const profile = (spec: unknown) => object('BFDProfile', spec)
const selectors = [{ matchLabels: { rack: '1' } }]

const good: { name: string; object: object }[] = [
  { name: 'a peer with what is required', object: peer({}) },
  {
    name: 'a peer with everything',
    object: peer({
      ...{ peerASN: undefined, dynamicASN: 'external', localASN: 4_294_967_295, sourceAddress: '203.0.113.9' },
      ...{ peerPort: 65_535, holdTime: '1m30s', keepaliveTime: '30s', connectTime: '65535s', routerID: '192.0.2.1' },
      ...{ nodeSelectors: selectors, passwordSecret: { name: 'a', namespace: 'b' }, bfdProfile: 'fast', vrf: 'red' },
      ...{ enableGracefulRestart: true, ebgpMultiHop: true, disableMP: true, dualStackAddressFamily: true },
    }),
  },
  { name: 'a peer on an interface', object: peer({ peerAddress: undefined, interface: 'eth0' }) },
  {
    name: 'a peer as clients in Go write it',
    object: peer({
      dynamicASN: undefined,
      interface: '',
      sourceAddress: '',
      routerID: '',
      password: '',
      passwordSecret: {},
    }),
  },
  { name: 'a peer without hold timer', object: peer({ holdTime: '0s', keepaliveTime: '0s' }) },
  { name: 'a peer with fractions', object: peer({ holdTime: '3.5s', connectTime: '1.5m' }) },
  {
    name: 'a peer with timers that are null',
    object: peer({ holdTime: null, keepaliveTime: null, connectTime: null }),
  },
  {
    name: 'an internal session by another AS number',
    object: peer({ localASN: 65_000, peerASN: 64_512, ebgpMultiHop: true }),
  },
  { name: 'an advertisement of everything', object: advertisement({}) },
  { name: 'an advertisement without spec', object: advertisement(undefined) },
  {
    name: 'an advertisement with everything',
    object: advertisement({
      ...{ ipAddressPools: ['a'], ipAddressPoolSelectors: selectors, nodeSelectors: selectors, peers: ['a'] },
      ...{ aggregationLength: 24, aggregationLengthV6: 64, localPref: 4_294_967_295 },
      communities: ['64512:1', 'large:1:2:3', 'alias'],
    }),
  },
  {
    name: 'an advertisement of some Services, with the lengths written out',
    object: advertisement({ serviceSelectors: selectors, aggregationLength: 32, aggregationLengthV6: 128 }),
  },
  {
    name: 'a profile with everything',
    object: profile({
      ...{ receiveInterval: 10, transmitInterval: 60_000, detectMultiplier: 255, echoInterval: 50, echoMode: true },
      ...{ passiveMode: true, minimumTtl: 1 },
    }),
  },
  { name: 'a Community without names', object: object('Community', {}) },
]

const bad: { name: string; object: object; message: RegExp }[] = [
  {
    name: 'a peer without spec',
    object: object('BGPPeer', undefined, { version: 'v1beta2' }),
    message: /spec: Required/,
  },
  { name: 'a peer without myASN', object: peer({ myASN: undefined }), message: /spec\.myASN: Required value/ },
  { name: 'myASN 0', object: peer({ myASN: 0 }), message: /spec\.myASN: .*greater than or equal to 1/ },
  { name: 'myASN beyond 32 bits', object: peer({ myASN: 4_294_967_296 }), message: /spec\.myASN: .*4294967295/ },
  { name: 'myASN as text', object: peer({ myASN: '64512' }), message: /spec\.myASN: .*integer/ },
  { name: 'localASN 0', object: peer({ localASN: 0 }), message: /spec\.localASN: / },
  { name: 'no AS number of the peer', object: peer({ peerASN: 0 }), message: /exactly one of peerASN and dynamicASN/ },
  { name: 'two of them', object: peer({ dynamicASN: 'internal' }), message: /exactly one of peerASN and dynamicASN/ },
  {
    name: 'a dynamicASN that does not exist',
    object: peer({ peerASN: undefined, dynamicASN: 'any' }),
    message: /spec\.dynamicASN: Unsupported value: "any"/,
  },
  { name: 'a peer nowhere', object: peer({ peerAddress: '' }), message: /exactly one of peerAddress and interface/ },
  {
    name: 'a peer at two places',
    object: peer({ interface: 'eth0' }),
    message: /exactly one of peerAddress and interface/,
  },
  {
    name: 'an address that is none',
    object: peer({ peerAddress: '203.0.113.256' }),
    message: /spec\.peerAddress: .*invalid BGPPeer address "203\.0\.113\.256"/,
  },
  {
    name: 'an address with a length',
    object: peer({ peerAddress: '203.0.113.1/24' }),
    message: /invalid BGPPeer address/,
  },
  {
    name: 'a source that is no address',
    object: peer({ sourceAddress: 'eth0' }),
    message: /invalid source address "eth0"/,
  },
  { name: 'a long interface name', object: peer({ interface: 'sixteen-letters-' }), message: /spec\.interface: .*15/ },
  { name: 'port 0', object: peer({ peerPort: 0 }), message: /spec\.peerPort: / },
  { name: 'port 65536', object: peer({ peerPort: 65_536 }), message: /spec\.peerPort: / },
  {
    name: 'a hold time of 2 s',
    object: peer({ holdTime: '2.9s' }),
    message: /spec\.holdTime: .*must be 0 s, or from 3 s/,
  },
  { name: 'a hold time of a day', object: peer({ holdTime: '24h' }), message: /spec\.holdTime: .*65535 s/ },
  { name: 'a hold time without unit', object: peer({ holdTime: '90' }), message: /"90" is no duration such as/ },
  { name: 'a negative hold time', object: peer({ holdTime: '-90s' }), message: /"-90s" is no duration/ },
  { name: 'a hold time as a number', object: peer({ holdTime: 90 }), message: /spec\.holdTime: .*string/ },
  {
    name: 'more keepalive than hold time',
    object: peer({ holdTime: '9s', keepaliveTime: '10s' }),
    message: /spec: .*keepaliveTime must not be longer than holdTime/,
  },
  {
    name: 'a keepalive time without sense',
    object: peer({ keepaliveTime: 'often' }),
    message: /"often" is no duration/,
  },
  { name: 'a connect time of half a second', object: peer({ connectTime: '500ms' }), message: /from 1 s to 65535 s/ },
  { name: 'a connect time of 1.5 s', object: peer({ connectTime: '1500ms' }), message: /in whole seconds/ },
  { name: 'a router ID of IPv6', object: peer({ routerID: '2001:db8::1' }), message: /must be an IPv4 address/ },
  { name: 'the router ID 0.0.0.0', object: peer({ routerID: '0.0.0.0' }), message: /other than 0\.0\.0\.0/ },
  {
    name: 'two passwords',
    object: peer({ password: 'a', passwordSecret: { name: 'b' } }),
    message: /password and passwordSecret must not be given together/,
  },
  { name: 'a long password', object: peer({ password: 'x'.repeat(81) }), message: /spec\.password: .*80/ },
  {
    name: 'multihop on an internal session',
    object: peer({ peerASN: 64_512, ebgpMultiHop: true }),
    message: /ebgpMultiHop has no meaning on an internal session/,
  },
  { name: 'an unknown field', object: peer({ peerAsn: 1 }), message: /unknown field "spec\.peerAsn"/ },
  {
    name: 'an aggregation length of 0',
    object: advertisement({ aggregationLength: 0 }),
    message: /spec\.aggregationLength: /,
  },
  {
    name: 'an aggregation length of 33',
    object: advertisement({ aggregationLength: 33 }),
    message: /spec\.aggregationLength: /,
  },
  {
    name: 'an IPv6 aggregation length of 129',
    object: advertisement({ aggregationLengthV6: 129 }),
    message: /spec\.aggregationLengthV6: /,
  },
  ...[{ aggregationLength: 24 }, { aggregationLengthV6: 64 }].map(length => ({
    name: `some Services with ${Object.keys(length)}`,
    object: advertisement({ serviceSelectors: selectors, ...length }),
    message: /serviceSelectors and aggregationLength are mutually exclusive/,
  })),
  { name: 'a negative localPref', object: advertisement({ localPref: -1 }), message: /spec\.localPref: / },
  ...(
    [
      ['1:65536', /invalid community value: invalid section in "1:65536", must be 0 to 65535/],
      ['1:-2', /invalid community value: invalid section in "1:-2"/],
      [':', /invalid community value: invalid section in ":"/],
      ['1:2:3:4', /expected community to be of format large, got "1:2:3:4"/],
      [
        'large:1:2:4294967296',
        /invalid community value: invalid section in "large:1:2:4294967296", must be 0 to 4294967295/,
      ],
      ['large:::', /invalid community value: invalid section in "large:::"/],
    ] as const
  ).flatMap(([text, message]) => [
    { name: `the community ${text}`, object: advertisement({ communities: [text] }), message },
    {
      name: `a name for the community ${text}`,
      object: object('Community', { communities: [{ name: 'a', value: text }] }),
      message,
    },
  ]),
  {
    name: 'a name for another',
    object: object('Community', { communities: [{ name: 'a', value: 'b' }] }),
    message: /invalid community format: b/,
  },
  {
    name: 'a community twice',
    object: advertisement({ communities: ['1:2', '1:2'] }),
    message: /spec\.communities\[1\]: Duplicate value: "1:2"/,
  },
  {
    name: '64 communities',
    object: advertisement({ communities: Array.from({ length: 64 }, (_, index) => `1:${index}`) }),
    message: /spec\.communities: Too many: .*63/,
  },
  { name: 'a peer twice', object: advertisement({ peers: ['a', 'a'] }), message: /spec\.peers\[1\]: Duplicate value/ },
  ...['receiveInterval', 'transmitInterval', 'echoInterval'].flatMap(field =>
    [9, 60_001].map(value => ({
      name: `${field} ${value}`,
      object: profile({ [field]: value }),
      message: new RegExp(`spec\\.${field}: `),
    })),
  ),
  ...[1, 256].map(detectMultiplier => ({
    name: `detectMultiplier ${detectMultiplier}`,
    object: profile({ detectMultiplier }),
    message: /spec\.detectMultiplier: /,
  })),
  ...[0, 255].map(minimumTtl => ({
    name: `minimumTtl ${minimumTtl}`,
    object: profile({ minimumTtl }),
    message: /spec\.minimumTtl: /,
  })),
  { name: 'communities as text', object: object('Community', { communities: '1:2' }), message: /spec\.communities: / },
]

describe('the BGP kinds on a real API server', () => {
  let server: ApiServer
  const tryOut = (object: object) =>
    server.kubectl(['apply', '--dry-run=server', '--validate=strict', '--filename=-'], JSON.stringify(object))
  const create = async (object: object) => {
    const { code, stdout, stderr } = await server.kubectl(['create', '--filename=-'], JSON.stringify(object))
    assert.equal(code, 0, stderr)
    return stdout + stderr
  }
  const columns = async (...args: string[]) => {
    const { stdout } = await server.kubectl(['get', ...args])
    return stdout.split('\n').map(line => line.trim().split(/ {2,}/))
  }

  before(async () => {
    server = await startApiServer()
    const wanted = customResources.filter(({ kind }) => /BGP|BFD|Community/.test(kind))
    const definitions = wanted.map(resource => stringify(customResourceDefinition(resource)))
    const applied = await server.kubectl(['apply', '--filename=-'], definitions.join('---\n'))
    assert.equal(applied.code, 0, applied.stderr)
    const names = wanted.map(({ plural, group }) => `crd/${plural}.${group}`)
    const established = await server.kubectl(['wait', '--for=condition=Established', '--timeout=30s', ...names])
    assert.equal(established.code, 0, established.stderr)
  })
  after(() => server?.stop())

  for (const { name, object } of good) {
    it(`are accepted: ${name}`, async () => {
      const { code, stderr } = await tryOut(object)
      assert.equal(code, 0, stderr)
    })
  }

  for (const { name, object, message } of bad) {
    it(`are refused: ${name}`, async () => {
      const { code, stderr } = await tryOut(object)
      assert.notEqual(code, 0)
      assert.match(stderr, message)
    })
  }

  it('have their defaults and columns', async () => {
    await create(peer({ bfdProfile: 'fast', ebgpMultiHop: true }, 'shown'))
    await create(object('BGPAdvertisement', { ipAddressPools: ['web'], peers: ['shown'] }, { name: 'shown' }))
    await create(
      object('BFDProfile', { receiveInterval: 100, transmitInterval: 50, passiveMode: true }, { name: 'shown' }),
    )
    const { spec } = await server.kubectlJson<{ spec: object }>(['get', 'bgppeer/shown'])
    assert.deepEqual(spec, {
      ...minimal,
      ...{ bfdProfile: 'fast', ebgpMultiHop: true, peerPort: 179, disableMP: false, dualStackAddressFamily: false },
    })
    const stored = await server.kubectlJson<{ spec: object }>(['get', 'bgpadvertisement/shown'])
    assert.deepEqual(stored.spec, {
      ...{ ipAddressPools: ['web'], peers: ['shown'], aggregationLength: 32, aggregationLengthV6: 128 },
    })
    assert.deepEqual((await columns('bgppeers')).slice(0, 2), [
      ['NAME', 'ADDRESS', 'ASN', 'BFD PROFILE', 'MULTI HOPS'],
      ['shown', '203.0.113.1', '64513', 'fast', 'true'],
    ])
    assert.deepEqual((await columns('bgpadvertisements'))[0], [
      'NAME',
      'IPADDRESSPOOLS',
      'IPADDRESSPOOL SELECTORS',
      'PEERS',
    ])
    assert.deepEqual((await columns('bfdprofiles')).slice(0, 2), [
      ['NAME', 'PASSIVE MODE', 'TRANSMIT INTERVAL', 'RECEIVE INTERVAL', 'MULTIPLIER'],
      ['shown', 'true', '50', '100'],
    ])
  })

  it('let graceful restart be switched on later', async () => {
    await create(peer({ enableGracefulRestart: false }, 'later'))
    const patch = ['patch', 'bgppeer/later', '--type=merge', '--patch={"spec":{"enableGracefulRestart":true}}']
    const { code, stderr } = await server.kubectl(patch)
    assert.equal(code, 0, stderr)
  })

  it('show sessions in columns', async () => {
    const metadata = { name: 'node-a.rack-a.4cf3a0a2', namespace: 'default' }
    await create({ apiVersion: 'herald.io/v1alpha1', kind: 'BGPSessionStatus', metadata })
    const status = {
      ...{ node: 'node-a', peer: 'rack-a', address: '203.0.113.1', state: 'Active', since: new Date().toISOString() },
      ...{ prefixesSent: 0, bfd: 'Down', lastError: 'hold timer expired' },
    }
    const patch = ['patch', `bgpsessionstatus/${metadata.name}`, '--subresource=status', '--type=merge']
    const patched = await server.kubectl([...patch, `--patch=${JSON.stringify({ status })}`])
    assert.equal(patched.code, 0, patched.stderr)
    const [head, row] = await columns('bgpsessionstatuses')
    assert.deepEqual(head, ['NAME', 'NODE', 'PEER', 'ADDRESS', 'STATE', 'SINCE', 'PREFIXES', 'BFD', 'LAST ERROR'])
    assert.deepEqual(row?.toSpliced(5, 1), [
      ...[metadata.name, 'node-a', 'rack-a', '203.0.113.1', 'Active', '0', 'Down', 'hold timer expired'],
    ])
  })

  describe('in version v1beta1', () => {
    const old = {
      ...{ sourceAddress: '203.0.113.9', holdTime: '30s', keepaliveTime: '10s', routerID: '192.0.2.1', password: 'p' },
      ...{ bfdProfile: 'fast', ebgpMultiHop: true },
      nodeSelectors: [{ matchExpressions: [{ key: 'rack', operator: 'In', values: ['1'] }] }],
    }

    it('are written with a warning, and read in v1beta2 with every field', async () => {
      assert.match(
        await create(oldPeer(old, 'old')),
        /metallb\.io\/v1beta1 BGPPeer is deprecated, use metallb\.io\/v1beta2/,
      )
      const stored = await server.kubectlJson<BgpPeerResource & { spec: object }>([
        'get',
        'bgppeers.v1beta2.metallb.io/old',
      ])
      assert.deepEqual(stored.spec, {
        ...{ ...minimal, ...old },
        ...{ peerPort: 179, disableMP: false, dualStackAddressFamily: false },
      })
      assert.ok('peer' in parseBgpPeer(stored))
    })

    it('are refused without what was always required, and with fields that came later', async () => {
      const missing = await tryOut(oldPeer({ peerASN: undefined }))
      assert.match(missing.stderr, /spec\.peerASN: Required value/)
      assert.match((await tryOut(oldPeer({ vrf: 'red' }))).stderr, /unknown field "spec\.vrf"/)
    })

    it('may say what only reading finds out, and that refuses them alone', async () => {
      await create(oldPeer({ myASN: 0, peerPort: 0, holdTime: '1s' }, 'wrong'))
      const stored = await server.kubectlJson<BgpPeerResource>(['get', 'bgppeers.v1beta2.metallb.io/wrong'])
      const parsed = parseBgpPeer(stored)
      assert.ok('problem' in parsed)
      assert.equal(parsed.problem.field, 'spec.myASN')
    })

    it('hide the fields that came later, and lose them with any write, a patch too', async () => {
      await create(peer({ vrf: 'red', bfdProfile: 'fast' }, 'new'))
      const seen = await server.kubectlJson<{ spec: object }>(['get', 'bgppeers.v1beta1.metallb.io/new'])
      assert.deepEqual(seen.spec, { ...minimal, bfdProfile: 'fast', peerPort: 179 })
      const patch = ['patch', 'bgppeers.v1beta1.metallb.io/new', '--type=merge', '--patch={"spec":{"holdTime":"30s"}}']
      assert.equal((await server.kubectl(patch)).code, 0)
      const left = await server.kubectlJson<{ spec: object }>(['get', 'bgppeers.v1beta2.metallb.io/new'])
      assert.deepEqual(left.spec, {
        ...{ ...minimal, bfdProfile: 'fast', holdTime: '30s' },
        ...{ peerPort: 179, disableMP: false, dualStackAddressFamily: false },
      })
    })
  })
})
