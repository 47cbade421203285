import assert from 'node:assert/strict'
import { advertisesFromNode, advertisesPool, advertisesService } from '../../../src/config/advertisement.ts'
import {
  type L2Advertisement,
  type L2AdvertisementResource,
  parseL2Advertisement,
  preferenceScore,
} from '../../../src/config/l2-advertisement.ts'

const refused: { spec: L2AdvertisementResource['spec']; field: string; message: RegExp }[] = [
  { spec: { ipAddressPools: 'a' }, field: 'spec.ipAddressPools', message: /list of names/ },
  { spec: { ipAddressPools: ['a', 'a'] }, field: 'spec.ipAddressPools[1]', message: /"a" is listed twice/ },
  { spec: { ipAddressPools: [''] }, field: 'spec.ipAddressPools[0]', message: /must be a name/ },
  { spec: { interfaces: [7] }, field: 'spec.interfaces[0]', message: /must be a name/ },
  { spec: { ipAddressPoolSelectors: {} }, field: 'spec.ipAddressPoolSelectors', message: /list of label selectors/ },
  {
    spec: { nodeSelectors: [{}, { matchExpressions: [{ key: 'a', operator: 'Is' }] }] },
    field: 'spec.nodeSelectors[1]',
    message: /matchExpressions\[0\]\.operator: "Is"/,
  },
  { spec: { serviceSelectors: [null] }, field: 'spec.serviceSelectors[0]', message: /label selector/ },
  { spec: { preferredNodeSelectors: 7 }, field: 'spec.preferredNodeSelectors', message: /list/ },
  { spec: { preferredNodeSelectors: [null] }, field: 'spec.preferredNodeSelectors[0].weight', message: /1 to 100/ },
  {
    spec: { preferredNodeSelectors: [{ weight: 101, preference: {} }] },
    field: 'spec.preferredNodeSelectors[0].weight',
    message: /1 to 100/,
  },
  {
    spec: { preferredNodeSelectors: [{ weight: 5 }] },
    field: 'spec.preferredNodeSelectors[0].preference',
    message: /label selector/,
  },
]

describe('L2Advertisement', () => {
  for (const { spec, field, message } of refused) {
    it(`is refused for ${field}: ${JSON.stringify(spec)}`, () => {
      const parsed = parseL2Advertisement({ metadata: { name: 'bad' }, spec })
      assert.ok('problem' in parsed)
      assert.equal(parsed.problem.field, field)
      assert.match(parsed.problem.message, message)
    })
  }

  it('without a spec restricts nothing', () => {
    const advertisement = parsed()
    assert.equal(advertisement.name, 'test')
    assert.ok(advertisesPool(advertisement, { name: 'any', labels: {} }))
    assert.ok(advertisesService(advertisement, {}))
    assert.ok(advertisesFromNode(advertisement, {}))
    assert.equal(preferenceScore(advertisement, {}), 0)
  })

  it('applies to pools by name or by label', () => {
    const advertisement = parsed({ ipAddressPools: ['a'], ipAddressPoolSelectors: [{ matchLabels: { use: 'web' } }] })
    assert.ok(advertisesPool(advertisement, { name: 'a', labels: {} }))
    assert.ok(advertisesPool(advertisement, { name: 'b', labels: { use: 'web' } }))
    assert.ok(!advertisesPool(advertisement, { name: 'b', labels: { use: 'db' } }))
  })

  it('applies where one of its selectors matches', () => {
    const selectors = [{ matchLabels: { rack: '1' } }, { matchLabels: { rack: '2' } }]
    const advertisement = parsed({ nodeSelectors: selectors, serviceSelectors: selectors })
    for (const applies of [advertisesFromNode, advertisesService]) {
      assert.deepEqual(
        ['1', '2', '3'].map(rack => applies(advertisement, { rack })),
        [true, true, false],
      )
    }
  })

  it('adds up the weights of the preferences that match', () => {
    const advertisement = parsed({
      preferredNodeSelectors: [
        { weight: 30, preference: { matchLabels: { fast: 'yes' } } },
        { weight: 5, preference: { matchLabels: { rack: '1' } } },
      ],
    })
    assert.equal(preferenceScore(advertisement, { fast: 'yes', rack: '1' }), 35)
    assert.equal(preferenceScore(advertisement, { rack: '1' }), 5)
  })
})

function parsed(spec: L2AdvertisementResource['spec'] = undefined): L2Advertisement {
  const result = parseL2Advertisement({ metadata: { name: 'test' }, spec })
  assert.ok('advertisement' in result)
  return result.advertisement
}
