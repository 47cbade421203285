import assert from 'node:assert/strict'
import type { AdmissionRequest, Verdict } from '../../../src/admission/admission-review.ts'
import { decideAdmission } from '../../../src/admission/decide-admission.ts'
import type { AdmissionSnapshot } from '../../../src/admission/snapshot.ts'
import { parseBfdProfile } from '../../../src/config/bfd-profile.ts'
import { parseBgpAdvertisement } from '../../../src/config/bgp-advertisement.ts'
import { parseBgpPeer } from '../../../src/config/bgp-peer.ts'
import { parseCommunity } from '../../../src/config/community.ts'
import { viewPasswordSecret } from '../../../src/resources/password-secret.ts'

const namespace = 'herald-system'
const CREATED = '2026-01-02T03:04:05Z'

interface Written {
  kind: string
  metadata: { name: string; namespace: string; creationTimestamp: string; annotations?: Record<string, string> }
  spec: object
}

const make =
  (kind: string, defaults: object = {}) =>
  (name: string, spec: object = {}, annotations?: Record<string, string>): Written => ({
    kind,
    metadata: { name, namespace, creationTimestamp: CREATED, ...(annotations && { annotations }) },
    spec: { ...defaults, ...spec },
  })
const pool = make('IPAddressPool')
const reservation = make('AddressReservation')
const layer2 = make('L2Advertisement')
const bgp = make('BGPAdvertisement')
const peer = make('BGPPeer', { myASN: 64512, peerASN: 64513, peerAddress: '203.0.113.1' })
const profile = make('BFDProfile')
const community = make('Community')
const aliases = (...pairs: [string, string][]) => ({ communities: pairs.map(([name, value]) => ({ name, value })) })
const labels = (...values: string[]) => ({
  nodeSelectors: [{ matchExpressions: [{ key: 'rack', operator: 'In', values }] }],
})

/** The configuration that is there already, as a controller holds it. */
function snapshotOf(objects: readonly Written[] = []): AdmissionSnapshot {
  const of = <Parsed>(kind: string, parse: (object: Written) => Parsed) =>
    objects.filter(object => object.kind === kind).map(parse)
  return {
    namespace,
    pools: of('IPAddressPool', object => object),
    reservations: of('AddressReservation', object => object),
    peers: of('BGPPeer', parseBgpPeer),
    advertisements: of('BGPAdvertisement', parseBgpAdvertisement),
    profiles: of('BFDProfile', parseBfdProfile),
    communities: of('Community', parseCommunity),
    secrets: [viewPasswordSecret({ metadata: { name: 'opaque' }, type: 'Opaque' })],
    nodes: ['1', '2'].map(rack => ({ name: `node-${rack}`, labels: { rack } })),
  }
}

function request(operation: AdmissionRequest['operation'], object: Written, oldObject?: Written): AdmissionRequest {
  const { kind, metadata } = object
  return {
    ...{ uid: 'u', operation, kind, namespace: metadata.namespace, name: metadata.name },
    ...(operation !== 'DELETE' && { object }),
    ...(oldObject && { oldObject }),
  }
}

const create = (object: Written, ...there: Written[]) => decideAdmission(request('CREATE', object), snapshotOf(there))
const update = (before: Written, after: Written, ...there: Written[]) =>
  decideAdmission(request('UPDATE', after, before), snapshotOf([before, ...there]))
const remove = (object: Written, ...there: Written[]) =>
  decideAdmission(request('DELETE', object, object), snapshotOf([object, ...there]))

const ALLOWED: Verdict = { warnings: [] }

/** Every rejection that the reference knows: what is written, what is there, an object that may be edited into it, and the words. */
const rejections: { what: string; object: Written; from: Written; beside?: Written[]; text: RegExp }[] = [
  // IPAddressPool
  ...(
    [
      ['without addresses', { addresses: [] }, /^spec\.addresses: must list at least one CIDR or range$/],
      ['with a bad CIDR', { addresses: ['192.0.2.0/33'] }, /^spec\.addresses\[0\]: .*prefix length must be 0 to 32/],
      ['with what is no address', { addresses: ['shop'] }, /^spec\.addresses\[0\]: "shop" is neither a CIDR/],
      ['that starts after its end', { addresses: ['192.0.2.9-192.0.2.1'] }, /starts after it ends/],
      ['of two families in one range', { addresses: ['192.0.2.1-2001:db8::1'] }, /one address family to the other/],
      ['with an entry twice', { addresses: ['192.0.2.0/28', '192.0.2.8/30'] }, /overlaps with already defined CIDR/],
      [
        'with a namespace twice',
        { addresses: ['192.0.2.0/28'], serviceAllocation: { namespaces: ['a', 'a'] } },
        /^spec\.serviceAllocation\.namespaces\[1\]: "a" is listed twice/,
      ],
      [
        'with a selector that is none',
        { addresses: ['192.0.2.0/28'], serviceAllocation: { serviceSelectors: [{ matchLabels: { 'a b': 'c' } }] } },
        /^spec\.serviceAllocation\.serviceSelectors\[0\]: matchLabels/,
      ],
    ] as const
  ).map(([what, spec, text]) => ({
    ...{ what: `a pool ${what}`, object: pool('new', spec), from: pool('new', { addresses: ['192.0.2.64/28'] }), text },
  })),
  {
    what: 'a pool that overlaps with another',
    object: pool('new', { addresses: ['198.51.100.1-198.51.100.9', '192.0.2.0/28'] }),
    from: pool('new', { addresses: ['198.51.100.1-198.51.100.9'] }),
    beside: [pool('old', { addresses: ['192.0.2.0/24'] })],
    text: /^spec\.addresses\[1\]: .*overlaps with already defined CIDR .* of the IPAddressPool "old"$/,
  },
  // AddressReservation
  {
    what: 'a reservation that overlaps with one of another owner',
    object: reservation('new', { addresses: ['192.0.2.1'] }),
    from: reservation('new', { addresses: ['192.0.2.2'] }),
    beside: [reservation('elder', { addresses: ['192.0.2.1'], service: { namespace: 'a', name: 'b' } })],
    text: /overlaps with the older AddressReservation "(elder|new)"/,
  },
  {
    what: 'a reservation of what is no address',
    object: reservation('new', { addresses: ['shop'] }),
    from: reservation('new', { addresses: ['192.0.2.2'] }),
    text: /^spec\.addresses\[0\]: "shop" is neither/,
  },
  // L2Advertisement
  ...(
    [
      ['with a pool twice', { ipAddressPools: ['a', 'a'] }, /^spec\.ipAddressPools\[1\]: "a" is listed twice$/],
      [
        'with a node selector that is none',
        { nodeSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Near' }] }] },
        /^spec\.nodeSelectors\[0\]: matchExpressions\[0\]\.operator: "Near" is none of/,
      ],
      [
        'with a pool selector that is none',
        { ipAddressPoolSelectors: [{ matchExpressions: [{ key: 'a', operator: 'In', values: [] }] }] },
        /^spec\.ipAddressPoolSelectors\[0\]: .* must not be empty with operator In/,
      ],
    ] as const
  ).map(([what, spec, text]) => ({
    what: `an L2 advertisement ${what}`,
    object: layer2('new', spec),
    from: layer2('new'),
    text,
  })),
  // BGPAdvertisement
  ...(
    [
      ['with a pool twice', { ipAddressPools: ['a', 'a'] }, /^spec\.ipAddressPools\[1\]: "a" is listed twice$/],
      ['with a peer twice', { peers: ['a', 'a'] }, /^spec\.peers\[1\]: "a" is listed twice$/],
      ['with a community twice', { communities: ['1:2', '1:2'] }, /^spec\.communities\[1\]: "1:2" is listed twice$/],
      [
        'with a length above 32',
        { aggregationLength: 33 },
        /^spec\.aggregationLength: must be a whole number from 1 to 32$/,
      ],
      ['with a length above 128', { aggregationLengthV6: 129 }, /^spec\.aggregationLengthV6: .* from 1 to 128$/],
      [
        'with a length shorter than a prefix of a pool',
        { aggregationLength: 26 },
        /^spec\.aggregationLength: invalid aggregation length 26: prefix 28 in this pool is more specific than the aggregation length for addresses 192\.0\.2\.0\/28 of the IPAddressPool "small"$/,
      ],
      [
        'with selectors and a length',
        { aggregationLength: 28, serviceSelectors: [{ matchLabels: { a: 'b' } }] },
        /serviceSelectors and aggregationLength are mutually exclusive/,
      ],
      [
        'with a community out of range',
        { communities: ['1:65536'] },
        /invalid community value: invalid section "65536"/,
      ],
      [
        'with a large community without its word',
        { communities: ['1:2:3:4'] },
        /expected community to be of format large/,
      ],
      [
        'with a LOCAL_PREF that disagrees',
        { localPref: 200 },
        /^spec\.localPref: LOCAL_PREF 200 disagrees with LOCAL_PREF 100 of the BGPAdvertisement "elder"/,
      ],
    ] as const
  ).map(([what, spec, text]) => ({
    ...{ what: `a BGP advertisement ${what}`, object: bgp('new', spec), from: bgp('new', { localPref: 100 }), text },
    beside: [pool('small', { addresses: ['192.0.2.0/28'] }), bgp('elder', { localPref: 100 })],
  })),
  // BGPPeer
  ...(
    [
      ['of AS 0', { myASN: 0 }, /^spec\.myASN: /],
      ['without an AS number', { peerASN: 0 }, /^spec\.peerASN: or dynamicASN must be given$/],
      [
        'with two AS numbers',
        { dynamicASN: 'internal' },
        /^spec\.dynamicASN: must not be given together with peerASN$/,
      ],
      [
        'with a dynamic AS number that is none',
        { peerASN: 0, dynamicASN: 'own' },
        /^spec\.dynamicASN: must be internal or external$/,
      ],
      [
        'with multihop on an internal session',
        { peerASN: 64512, ebgpMultiHop: true },
        /^spec\.ebgpMultiHop: .*internal session/,
      ],
      ['without an address', { peerAddress: '' }, /^spec\.peerAddress: or interface must be given$/],
      [
        'with address and interface',
        { interface: 'eth0' },
        /^spec\.interface: must not be given together with peerAddress$/,
      ],
      [
        'with an address that is none',
        { peerAddress: 'router' },
        /^spec\.peerAddress: invalid BGPPeer address "router"$/,
      ],
      ['with a router ID that is none', { routerID: '2001:db8::1' }, /^spec\.routerID: .*must be an IPv4 address/],
      ['with a source that is no address', { sourceAddress: 'eth0' }, /^spec\.sourceAddress: "eth0" is no address/],
      [
        'with a hold time below 3 s',
        { holdTime: '2s' },
        /^spec\.holdTime: a hold time of 2 s is neither 0 nor at least 3 s$/,
      ],
      [
        'with more keepalive than hold time',
        { holdTime: '9s', keepaliveTime: '10s' },
        /^spec\.keepaliveTime: 10 s must not be longer/,
      ],
      [
        'with a selector that is none',
        { nodeSelectors: [{ matchLabels: { a: '-' } }] },
        /^spec\.nodeSelectors\[0\]: matchLabels/,
      ],
      [
        'with two passwords',
        { password: 'a', passwordSecret: { name: 'b' } },
        /^spec\.passwordSecret: must not be given together/,
      ],
      [
        'that there is already',
        { peerAddress: '203.0.113.9' },
        /^spec\.peerAddress: is the same session as that of the BGPPeer "elder" on every node that it selects: it already exists$/,
      ],
    ] as const
  ).map(([what, spec, text]) => ({
    ...{ what: `a peer ${what}`, object: peer('new', spec), from: peer('new'), text },
    beside: [peer('elder', { peerAddress: '203.0.113.9' })],
  })),
  {
    what: 'a peer with an annotation that says nothing',
    object: peer('new', {}, { 'herald.io/connection-mode': 'sometimes' }),
    from: peer('new'),
    text: /^metadata\.annotations\["herald\.io\/connection-mode"\]: "sometimes" is none of/,
  },
  // BFDProfile
  ...(
    [
      ['receiveInterval', 9],
      ['transmitInterval', 60_001],
      ['echoInterval', 9],
      ['detectMultiplier', 1],
      ['minimumTtl', 255],
    ] as const
  ).map(([field, value]) => ({
    ...{
      what: `a profile with ${field} out of range`,
      object: profile('new', { [field]: value }),
      from: profile('new'),
    },
    text: new RegExp(`^spec\\.${field}: must be a whole number from`),
  })),
  // Community
  ...(
    [
      ['with a value out of range', aliases(['a', '70000:1']), /invalid community value: invalid section "70000"/],
      ['with a large value without its word', aliases(['a', '1:2:3:4']), /expected community to be of format large/],
      ['with a name twice', aliases(['a', '1:2'], ['a', '1:3']), /duplicate definition of community "a"$/],
      [
        'with a name of another object',
        aliases(['taken', '1:2']),
        /^spec\.communities\[0\]\.name: duplicate definition of community "taken": that of the Community "elder" counts$/,
      ],
    ] as const
  ).map(([what, spec, text]) => ({
    ...{
      what: `communities ${what}`,
      object: community('new', spec),
      from: community('new', aliases(['b', '1:2'])),
      text,
    },
    beside: [community('elder', aliases(['taken', '1:1']))],
  })),
]

describe('admission', () => {
  it('has every rejection of the reference in its table', () => assert.equal(rejections.length, 49))

  for (const { what, object, from, beside = [], text } of rejections) {
    it(`refuses ${what}, created or edited`, () => {
      assert.match(create(object, ...beside).refusal ?? 'allowed', text)
      assert.deepEqual(create(from, ...beside).refusal, undefined, 'the object before the edit is in order')
      assert.match(update(from, object, ...beside).refusal ?? 'allowed', text)
    })

    it(`lets who has ${what} from before change something else, and mend it`, () => {
      const labelled = { ...object, metadata: { ...object.metadata, labels: { a: 'b' } } }
      assert.equal(update(object, labelled, ...beside).refusal, undefined)
      assert.equal(update(object, from, ...beside).refusal, undefined)
    })
  }

  for (const kind of [pool, reservation, layer2, bgp, peer, profile, community]) {
    const object = kind('new', { addresses: ['192.0.2.1/32'] })
    it(`refuses a ${object.kind} in another namespace, and only its creation`, () => {
      const elsewhere = { ...object, metadata: { ...object.metadata, namespace: 'default' } }
      assert.deepEqual(create(elsewhere), {
        refusal: 'resource must be created in herald-system namespace',
        warnings: [],
      })
      assert.deepEqual(update(elsewhere, { ...elsewhere, spec: { addresses: 'shop' } }), ALLOWED)
      assert.deepEqual(remove(elsewhere), ALLOWED)
    })

    it(`lets a ${object.kind} that is wrong and on its way out lose its finalizers`, () => {
      const metadata = { ...object.metadata, deletionTimestamp: CREATED }
      assert.deepEqual(update(object, { ...object, metadata, spec: { myASN: 0, addresses: [] } }), ALLOWED)
    })
  }

  it('refuses to delete a profile while a peer names it', () => {
    const there = [
      peer('b', { bfdProfile: 'fast' }),
      peer('a', { bfdProfile: 'fast' }),
      peer('c', { bfdProfile: 'slow' }),
    ]
    assert.deepEqual(remove(profile('fast'), ...there), {
      refusal: 'failed to delete BFDProfile "fast": it is used by the BGPPeer "a", "b"',
      warnings: [],
    })
    assert.deepEqual(remove(profile('other'), ...there), ALLOWED)
  })

  it('lets everything else be deleted', () => {
    const all = [pool('a', { addresses: ['192.0.2.0/28'] }), layer2('a'), bgp('a'), peer('a'), community('a')]
    for (const object of all) assert.deepEqual(remove(object, ...all), ALLOWED)
  })

  it('takes what belongs together in any order, and tells what is missing', () => {
    const secret = peer('new', { passwordSecret: { name: 'later' } })
    assert.deepEqual(create(secret).warnings, [
      'no session is held for now: spec.passwordSecret: there is no Secret "later" in the namespace "herald-system"',
    ])
    assert.match(String(create(peer('new', { passwordSecret: { name: 'opaque' } })).warnings), /must have the type/)
    assert.match(String(create(peer('new', { bfdProfile: 'fast' })).warnings), /there is no valid BFDProfile "fast"/)
    assert.deepEqual(create(peer('new', { bfdProfile: 'fast' }), profile('fast')), ALLOWED)
    assert.deepEqual(create(bgp('new', { communities: ['near'], ipAddressPools: ['web'], peers: ['tor'] })), {
      warnings: [
        'spec.ipAddressPools: there is no IPAddressPool "web" yet',
        'spec.peers: there is no BGPPeer "tor" yet',
        'nothing is announced by it for now: spec.communities[0]: "near" is neither a community nor an alias that a Community object defines',
      ],
    })
    assert.deepEqual(create(layer2('new', { ipAddressPools: ['web'] })).warnings, [
      'spec.ipAddressPools: there is no IPAddressPool "web" yet',
    ])
    const web = pool('web', { addresses: ['192.0.2.0/28'] })
    const there = [web, peer('tor'), community('ours', aliases(['near', '1:2']))]
    assert.deepEqual(
      create(bgp('new', { communities: ['near'], ipAddressPools: ['web'], peers: ['tor'] }), ...there),
      ALLOWED,
    )
  })

  it('says that disableMP is deprecated, and checks all the same', () => {
    const warning = 'spec.disableMP is deprecated: nothing depends on it'
    assert.deepEqual(create(peer('new', { disableMP: true })), { warnings: [warning] })
    assert.deepEqual(create(peer('new', { disableMP: false })), ALLOWED)
    const wrong = create(peer('new', { disableMP: true, myASN: 0 }))
    assert.match(wrong.refusal ?? '', /myASN/)
    const elsewhere = peer('new', { disableMP: true })
    elsewhere.metadata.namespace = 'default'
    assert.match(create(elsewhere).refusal ?? '', /must be created in herald-system namespace/)
  })

  it('takes a pool that an advertisement will not apply to, and says so', () => {
    const { refusal, warnings } = create(
      pool('small', { addresses: ['192.0.2.0/28'] }),
      bgp('wide', { aggregationLength: 26 }),
    )
    assert.equal(refusal, undefined)
    assert.match(
      String(warnings),
      /^the BGPAdvertisement "wide" will not apply to this pool: .*invalid aggregation length 26/,
    )
  })

  it('takes a peer that is another session on some nodes, and names the others', () => {
    const { refusal, warnings } = create(peer('everywhere'), peer('rack-1', labels('1')))
    assert.equal(refusal, undefined)
    assert.deepEqual(warnings, [
      'spec.peerAddress: is the same session as that of the BGPPeer "rack-1" on 1 of the 2 nodes that it selects',
    ])
    assert.deepEqual(create(peer('second', labels('2')), peer('rack-1', labels('1'))), ALLOWED)
  })

  it('refuses to edit the elder of two so that the younger could not stand', () => {
    const [elder, younger] = [peer('a', { peerAddress: '203.0.113.9' }), peer('b')]
    const { refusal } = update(elder, peer('a'), younger)
    assert.match(
      refusal ?? '',
      /^the BGPPeer "b" would be refused: .*session as that of the BGPPeer "a".*already exists$/,
    )
  })

  it('refuses the one that comes, whoever has the earlier name, within one second', () => {
    assert.match(create(peer('a'), peer('b')).refusal ?? '', /session as that of the BGPPeer "b"/)
    assert.match(
      create(community('a', aliases(['x', '1:2'])), community('b', aliases(['x', '1:3']))).refusal ?? '',
      /that of the Community "b" counts/,
    )
  })

  it('lets the younger of two that cannot stand together be moved out of the way, and the elder too', () => {
    const [elder, younger] = [peer('a'), peer('b')]
    assert.deepEqual(update(younger, peer('b', { peerAddress: '203.0.113.9' }), elder), ALLOWED)
    assert.deepEqual(update(elder, peer('a', { peerAddress: '203.0.113.9' }), younger), ALLOWED)
  })

  it('allows kinds that it does not know', () => {
    assert.deepEqual(create(make('Service')('shop')), ALLOWED)
    assert.deepEqual(create(make('constructor')('shop')), ALLOWED)
  })
})
