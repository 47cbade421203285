import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseBfdProfile } from '../../../src/config/bfd-profile.ts'
import { parseBgpAdvertisement } from '../../../src/config/bgp-advertisement.ts'
import { parseCommunity, parseCommunityValue } from '../../../src/config/community.ts'

describe('BGPAdvertisement', () => {
  const selectors = [{ matchLabels: { tier: 'web' } }]
  const refused: { spec: object; field: string; message: RegExp }[] = [
    { spec: { aggregationLength: 0 }, field: 'spec.aggregationLength', message: /1 to 32/ },
    { spec: { aggregationLength: 33 }, field: 'spec.aggregationLength', message: /1 to 32/ },
    { spec: { aggregationLengthV6: 129 }, field: 'spec.aggregationLengthV6', message: /1 to 128/ },
    { spec: { localPref: -1 }, field: 'spec.localPref', message: /0 to 4294967295/ },
    { spec: { localPref: '100' }, field: 'spec.localPref', message: /whole number/ },
    { spec: { communities: '1:2' }, field: 'spec.communities', message: /list/ },
    { spec: { communities: ['1:2', '1:2'] }, field: 'spec.communities[1]', message: /"1:2" is listed twice/ },
    { spec: { communities: ['1:65536'] }, field: 'spec.communities[0]', message: /invalid section "65536"/ },
    { spec: { communities: [''] }, field: 'spec.communities[0]', message: /name/ },
    {
      spec: { communities: Array.from({ length: 64 }, (_, index) => `1:${index}`) },
      field: 'spec.communities',
      message: /64 communities are more than the 63/,
    },
    { spec: { ipAddressPools: ['a', 'a'] }, field: 'spec.ipAddressPools[1]', message: /twice/ },
    { spec: { ipAddressPoolSelectors: [7] }, field: 'spec.ipAddressPoolSelectors[0]', message: /label selector/ },
    { spec: { nodeSelectors: {} }, field: 'spec.nodeSelectors', message: /list/ },
    { spec: { peers: ['a', 'a'] }, field: 'spec.peers[1]', message: /twice/ },
    { spec: { peers: [7] }, field: 'spec.peers[0]', message: /name/ },
    {
      spec: { serviceSelectors: selectors, aggregationLength: 24 },
      field: 'spec.serviceSelectors',
      message: /^serviceSelectors and aggregationLength are mutually exclusive$/,
    },
    {
      spec: { serviceSelectors: selectors, aggregationLengthV6: 64 },
      field: 'spec.serviceSelectors',
      message: /mutually exclusive/,
    },
  ]
  for (const { spec, field, message } of refused) {
    it(`is refused for ${field}: ${JSON.stringify(spec).slice(0, 60)}`, () => {
      const parsed = parseBgpAdvertisement({ metadata: { name: 'bad' }, spec })
      assert.ok('problem' in parsed)
      assert.equal(parsed.name, 'bad')
      assert.equal(parsed.problem.field, field)
      assert.match(parsed.problem.message, message)
    })
  }

  it('is refused for a weight that it does not know', () => {
    const parsed = parseBgpAdvertisement({ metadata: { annotations: { 'herald.io/weight': 'pods' } } })
    assert.ok('problem' in parsed)
    assert.equal(parsed.problem.field, 'metadata.annotations["herald.io/weight"]')
    assert.match(parsed.problem.message, /"pods" is not "endpoints"/)
  })

  it('without a spec announces every address by itself, to all', () => {
    assert.deepEqual(parseBgpAdvertisement({ metadata: { name: 'all' }, spec: null as never }), {
      advertisement: {
        ...{ name: 'all', createdAtMs: 0, aggregationLength: { 4: 32, 6: 128 }, weighted: false },
        ...{ poolNames: [], poolSelectors: [], nodeSelectors: [], serviceSelectors: [], peers: [], communityTexts: [] },
      },
    })
  })

  it('takes every field', () => {
    const scope = { ipAddressPools: ['a'], ipAddressPoolSelectors: selectors, nodeSelectors: selectors }
    const routes = { aggregationLength: 24, aggregationLengthV6: 64, localPref: 200, communities: ['1:2', 'alias'] }
    const parsed = parseBgpAdvertisement({
      metadata: { name: 'some', annotations: { 'herald.io/weight': 'endpoints' } },
      spec: { ...scope, ...routes, peers: ['tor'] },
    })
    assert.deepEqual(parsed, {
      advertisement: {
        ...{ name: 'some', createdAtMs: 0, aggregationLength: { 4: 24, 6: 64 }, localPreference: 200, weighted: true },
        ...{ poolNames: ['a'], poolSelectors: selectors, nodeSelectors: selectors, serviceSelectors: [] },
        ...{ peers: ['tor'], communityTexts: ['1:2', 'alias'] },
      },
    })
  })

  it('takes a LOCAL_PREF of 0 for one that is left out', () => {
    const parsed = parseBgpAdvertisement({ spec: { localPref: 0 } })
    assert.ok('advertisement' in parsed)
    assert.equal(parsed.advertisement.localPreference, undefined)
  })
})

describe('BFDProfile', () => {
  for (const [field, values, bounds] of [
    ['receiveInterval', [9, 60_001, '300', 10.5], '10 to 60000'],
    ['transmitInterval', [9, 60_001], '10 to 60000'],
    ['echoInterval', [9, 60_001], '10 to 60000'],
    ['detectMultiplier', [1, 256], '2 to 255'],
    ['minimumTtl', [0, 255], '1 to 254'],
    ['echoMode', ['true'], 'true or false'],
    ['passiveMode', [0], 'true or false'],
  ] as const) {
    for (const value of values) {
      it(`is refused for ${field}: ${JSON.stringify(value)}`, () => {
        const parsed = parseBfdProfile({ metadata: { name: 'bad' }, spec: { [field]: value } })
        assert.ok('problem' in parsed)
        assert.deepEqual([parsed.name, parsed.problem.field], ['bad', `spec.${field}`])
        assert.ok(parsed.problem.message.includes(bounds))
      })
    }
  }

  it('has the defaults of FRR', () => {
    assert.deepEqual(parseBfdProfile({ metadata: { name: 'plain' }, spec: { receiveInterval: null } }), {
      profile: {
        name: 'plain',
        parameters: {
          ...{ receiveIntervalMs: 300, transmitIntervalMs: 300, detectMultiplier: 3, passive: false, minimumTtl: 254 },
        },
        echoMode: false,
      },
    })
  })

  it('takes every field', () => {
    const intervals = { receiveInterval: 10, transmitInterval: 20, echoInterval: 30, detectMultiplier: 5 }
    const spec = { ...intervals, echoMode: true, passiveMode: true, minimumTtl: 250 }
    assert.deepEqual(parseBfdProfile({ metadata: { name: 'full' }, spec }), {
      profile: {
        name: 'full',
        parameters: {
          ...{ receiveIntervalMs: 10, transmitIntervalMs: 20, detectMultiplier: 5, passive: true, minimumTtl: 250 },
        },
        echoMode: true,
      },
    })
  })
})

describe('a community', () => {
  const values: [text: string, value: object][] = [
    ['0:0', { standard: 0 }],
    ['64512:100', { standard: 0xfc00_0064 }],
    ['65535:65535', { standard: 0xffff_ffff }],
    ['large:4294967295:0:1', { large: { globalAdministrator: 0xffff_ffff, localData1: 0, localData2: 1 } }],
  ]
  for (const [text, value] of values) {
    it(`${text} is read`, () => assert.deepEqual(parseCommunityValue(text), value))
  }

  const refused: [text: string, message: RegExp, isAlias: boolean][] = [
    ['no-export', /^invalid community format: no-export$/, true],
    ['1:2:3', /^invalid community format/, true],
    ['large:1:2', /^invalid community format/, true],
    ['1:2:3:4:5', /^invalid community format/, true],
    ['65536:1', /^invalid community value: invalid section "65536" of community "65536:1"/, false],
    ['1:', /invalid section ""/, false],
    ['1:-1', /invalid section "-1"/, false],
    ['1:1e3', /invalid section "1e3"/, false],
    ['small:1:2:3', /expected community to be of format large/, false],
    ['large:1:2:4294967296', /invalid section "4294967296"/, false],
  ]
  for (const [text, message, isAlias] of refused) {
    it(`${text} is refused`, () => {
      const parsed = parseCommunityValue(text)
      assert.ok('problem' in parsed)
      assert.match(parsed.problem, message)
      assert.equal(parsed.isAlias, isAlias)
    })
  }

  it('is named by an object', () => {
    const communities = [
      { name: 'local', value: '64512:1' },
      { name: 'far', value: 'large:64512:1:2' },
    ]
    const parsed = parseCommunity({ metadata: { name: 'ours' }, spec: { communities } })
    assert.ok('community' in parsed)
    assert.deepEqual([...parsed.community.aliases.keys()], ['local', 'far'])
    assert.deepEqual(parsed.community.aliases.get('local'), { standard: 0xfc00_0001 })
  })

  const objects: [spec: object, field: string, message: RegExp][] = [
    [{ communities: 'a' }, 'spec.communities', /list/],
    [{ communities: [null] }, 'spec.communities[0].name', /name/],
    [{ communities: [{ name: '', value: '1:2' }] }, 'spec.communities[0].name', /name/],
    [{ communities: [{ name: 'a' }] }, 'spec.communities[0].value', /text/],
    [{ communities: [{ name: 'a', value: 'b' }] }, 'spec.communities[0].value', /invalid community format/],
    [
      {
        communities: [
          { name: 'a', value: '1:2' },
          { name: 'a', value: '1:3' },
        ],
      },
      'spec.communities[1].name',
      /^duplicate definition of community "a"$/,
    ],
  ]
  for (const [spec, field, message] of objects) {
    it(`object is refused for ${field}: ${JSON.stringify(spec)}`, () => {
      const parsed = parseCommunity({ metadata: { name: 'bad' }, spec })
      assert.ok('problem' in parsed)
      assert.equal(parsed.problem.field, field)
      assert.match(parsed.problem.message, message)
    })
  }
})

describe('every parser of a BGP kind', () => {
  const fields = [
    'communities',
    'peers',
    'localPref',
    'aggregationLength',
    'receiveInterval',
    'echoMode',
    'nodeSelectors',
  ]
  const spec = fc.oneof(fc.dictionary(fc.constantFrom(...fields), fc.anything()), fc.anything())
  for (const parse of [parseBgpAdvertisement, parseBfdProfile, parseCommunity]) {
    it(`${parse.name} throws at nothing`, () => {
      fc.assert(fc.property(spec, value => assert.ok(parse({ spec: value as object }))))
    })
  }
})
