import assert from 'node:assert/strict'
import {
  aliases,
  bgp,
  community,
  create,
  layer2,
  peer,
  pool,
  profile,
  reservation,
  update,
  type Written,
} from './admission-requests.ts'

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
})
