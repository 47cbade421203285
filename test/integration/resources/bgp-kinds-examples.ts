/** An object of a BGP kind as a user writes it. */
export const object = (kind: string, spec: unknown, { name = 'test', version = 'v1beta1' } = {}) => ({
  apiVersion: `metallb.io/${version}`,
  kind,
  metadata: { name, namespace: 'default' },
  spec,
})
/** What every BGPPeer must say. */
export const minimal = { myASN: 64512, peerASN: 64513, peerAddress: '203.0.113.1' }
export const peer = (spec: object, name?: string) =>
  object('BGPPeer', { ...minimal, ...spec }, { name, version: 'v1beta2' })
export const oldPeer = (spec: object, name?: string) => object('BGPPeer', { ...minimal, ...spec }, { name })
export const advertisement = (spec: unknown) => object('BGPAdvertisement', spec)
export const profile = (spec: unknown) => object('BFDProfile', spec)
const selectors = [{ matchLabels: { rack: '1' } }]

/** What the API server takes. */
export const GOOD: { name: string; object: object }[] = [
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

/** What the API server refuses, and what it says of it. */
export const BAD: { name: string; object: object; message: RegExp }[] = [
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
