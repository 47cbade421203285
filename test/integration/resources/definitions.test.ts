import assert from 'node:assert/strict'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { customResourceDefinition } from '../../../src/resources/crd.ts'
import { customResources } from '../../../src/resources/schema-catalogue.ts'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'

const selector = (expression: object) => ({ matchExpressions: [expression] })

const pool = (spec: unknown, name = 'pool') => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name, namespace: 'default' },
  spec,
})
const advertisement = (spec: unknown) => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'L2Advertisement',
  metadata: { name: 'advertisement', namespace: 'default' },
  spec,
})

const reservation = (spec: unknown) => ({
  apiVersion: 'herald.io/v1alpha1',
  kind: 'AddressReservation',
  metadata: { name: 'reservation', namespace: 'default' },
  spec,
})

const goodAddresses = [
  ['192.0.2.0/24'],
  ['192.0.2.10/24'],
  ['0.0.0.0/0', '::/0'],
  ['2001:DB8::/32'],
  ['192.0.2.1-192.0.2.1'],
  [' 192.0.2.1 - 192.0.2.9 '],
  ['192.0.2.9-192.0.2.10'],
  ['192.0.2.255-192.0.3.0'],
  ['::1-::2', '192.0.2.0/28'],
  ['::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['2001:db8::ffff-2001:db8:0:1::'],
  ['1::5-1::2:0:0'],
  ['9::-10::'],
  ['64:ff9b::192.0.2.1-64:ff9b::192.0.2.9'],
]

const neither = 'is neither a CIDR nor a range'
const reversed = 'starts after its end'
const mixed = 'mixes an IPv4 and an IPv6 address'
const badAddresses: [text: string, message: string][] = [
  ['10.0.0.300', neither],
  ['192.0.2.1', neither],
  ['192.0.2.0/33', neither],
  ['2001:db8::/129', neither],
  ['everything', neither],
  ['-', neither],
  ['192.0.2.1-', neither],
  ['192.0.2.1-192.0.2.2-192.0.2.3', neither],
  ['fe80::1%eth0-fe80::2', neither],
  ['192.0.02.1-192.0.2.2', neither],
  ['192.0.2.10-192.0.2.9', reversed],
  ['192.0.3.0-192.0.2.255', reversed],
  ['2001:db8::2-2001:db8::1', reversed],
  ['2001:db8:0:1::-2001:db8::ffff', reversed],
  ['10::-9::', reversed],
  ['192.0.2.1-2001:db8::1', mixed],
  ['2001:db8::1-192.0.2.1', mixed],
]

const addresses = ['192.0.2.0/24']
const bad: { name: string; object: object; message: RegExp }[] = [
  { name: 'a pool without spec', object: pool(undefined), message: /spec: Required value/ },
  { name: 'a pool without addresses', object: pool({}), message: /spec\.addresses: Required value/ },
  { name: 'an empty list of addresses', object: pool({ addresses: [] }), message: /spec\.addresses: .*at least 1/ },
  { name: 'an empty address', object: pool({ addresses: [''] }), message: /spec\.addresses\[0\]/ },
  { name: 'addresses that are text', object: pool({ addresses: '192.0.2.0/24' }), message: /spec\.addresses: .*array/ },
  {
    name: 'autoAssign as text',
    object: pool({ addresses, autoAssign: 'yes' }),
    message: /spec\.autoAssign: .*boolean/,
  },
  {
    name: 'an unknown field',
    object: pool({ addresses, autoasign: true }),
    message: /unknown field "spec\.autoasign"/,
  },
  {
    name: 'a namespace named twice',
    object: pool({ addresses, serviceAllocation: { namespaces: ['a', 'b', 'a'] } }),
    message: /spec\.serviceAllocation\.namespaces\[2\]: Duplicate value: "a"/,
  },
  {
    name: 'a priority that is no integer',
    object: pool({ addresses, serviceAllocation: { priority: 1.5 } }),
    message: /spec\.serviceAllocation\.priority: .*int64/,
  },
  {
    name: 'a label value that cannot be',
    object: pool({ addresses, serviceAllocation: { serviceSelectors: [{ matchLabels: { tier: 'a b' } }] } }),
    message: /spec\.serviceAllocation\.serviceSelectors\[0\]\.matchLabels\.tier/,
  },
  {
    name: 'avoidBuggyIPs as a number',
    object: pool({ addresses, avoidBuggyIPs: 1 }),
    message: /spec\.avoidBuggyIPs: .*boolean/,
  },
  {
    name: 'serviceAllocation as text',
    object: pool({ addresses, serviceAllocation: 'all' }),
    message: /spec\.serviceAllocation: .*object/,
  },
  {
    name: 'namespaces as text',
    object: pool({ addresses, serviceAllocation: { namespaces: 'shop' } }),
    message: /spec\.serviceAllocation\.namespaces: .*array/,
  },
  {
    name: 'namespaceSelectors as text',
    object: pool({ addresses, serviceAllocation: { namespaceSelectors: 'team=a' } }),
    message: /spec\.serviceAllocation\.namespaceSelectors: .*array/,
  },
  { name: 'a reservation without spec', object: reservation(undefined), message: /spec: Required value/ },
  { name: 'a reservation without addresses', object: reservation({}), message: /spec\.addresses: Required value/ },
  {
    name: 'a reservation of nothing',
    object: reservation({ addresses: [] }),
    message: /spec\.addresses: .*at least 1/,
  },
  {
    name: 'a reservation of a host name',
    object: reservation({ addresses: ['lb.example'] }),
    message: /spec\.addresses\[0\]: .*"lb\.example" is neither an address, nor a CIDR, nor a range/,
  },
  {
    name: 'a reservation of a reversed range',
    object: reservation({ addresses: ['192.0.2.9-192.0.2.1'] }),
    message: /spec\.addresses\[0\]: .*starts after its end/,
  },
  {
    name: 'a reservation for a text',
    object: reservation({ addresses, service: 'default/web' }),
    message: /spec\.service: .*object/,
  },
  {
    name: 'a reservation for half a Service',
    object: reservation({ addresses, service: { name: 'web' } }),
    message: /spec\.service\.namespace: Required value/,
  },
  ...(['namespace', 'name'] as const).map(field => ({
    name: `a reservation for an empty ${field}`,
    object: reservation({ addresses, service: { namespace: 'default', name: 'web', [field]: '' } }),
    message: new RegExp(`spec\\.service\\.${field}: `),
  })),
  ...(['namespace', 'name'] as const).map(field => ({
    name: `a reservation for a ${field} with a slash`,
    object: reservation({ addresses, service: { namespace: 'default', name: 'web', [field]: 'a/b' } }),
    message: new RegExp(`spec\\.service\\.${field}: `),
  })),
  {
    name: 'a pool named twice',
    object: advertisement({ ipAddressPools: ['a', 'a'] }),
    message: /spec\.ipAddressPools\[1\]: Duplicate value: "a"/,
  },
  ...[0, 101].map(weight => ({
    name: `weight ${weight}`,
    object: advertisement({ preferredNodeSelectors: [{ weight, preference: {} }] }),
    message: /spec\.preferredNodeSelectors\[0\]\.weight: /,
  })),
  {
    name: 'a preference without weight',
    object: advertisement({ preferredNodeSelectors: [{ preference: {} }] }),
    message: /spec\.preferredNodeSelectors\[0\]\.weight: Required value/,
  },
  {
    name: 'an operator that does not exist',
    object: advertisement({ nodeSelectors: [selector({ key: 'a', operator: 'Is', values: ['b'] })] }),
    message: /spec\.nodeSelectors\[0\]\.matchExpressions\[0\]\.operator: Unsupported value: "Is"/,
  },
  {
    name: 'In without values',
    object: advertisement({ ipAddressPoolSelectors: [selector({ key: 'a', operator: 'In' })] }),
    message: /spec\.ipAddressPoolSelectors\[0\]\.matchExpressions\[0\]: .*must be given with the operator In/,
  },
  {
    name: 'Exists with values',
    object: advertisement({ serviceSelectors: [selector({ key: 'a', operator: 'Exists', values: ['b'] })] }),
    message: /spec\.serviceSelectors\[0\]\.matchExpressions\[0\]: .*must be empty with the operator Exists/,
  },
  {
    name: 'a label key that cannot be',
    object: advertisement({ nodeSelectors: [selector({ key: 'a b', operator: 'Exists' })] }),
    message: /spec\.nodeSelectors\[0\]\.matchExpressions\[0\]\.key/,
  },
]

const good: { name: string; object: object }[] = [
  ...customResources.map(({ kind, example }) => ({
    name: `the example of ${kind}`,
    object: { ...(example as object), metadata: { name: 'example', namespace: 'default' } },
  })),
  {
    name: 'everything that a pool may have',
    object: pool({
      addresses,
      autoAssign: false,
      avoidBuggyIPs: true,
      serviceAllocation: {
        priority: -1,
        namespaces: ['a', 'b'],
        namespaceSelectors: [{}, { matchLabels: { 'kubernetes.io/metadata.name': 'a', empty: '' } }],
        serviceSelectors: [selector({ key: 'example.com/tier', operator: 'DoesNotExist' })],
      },
    }),
  },
  { name: 'an empty serviceAllocation', object: pool({ addresses, serviceAllocation: {} }) },
  { name: 'an advertisement of everything', object: advertisement({}) },
  { name: 'an advertisement without spec', object: advertisement(undefined) },
  {
    name: 'Exists with an empty list of values',
    object: advertisement({ nodeSelectors: [selector({ key: 'a', operator: 'Exists', values: [] })] }),
  },
]

describe('the definitions on a real API server', () => {
  let server: ApiServer

  // Strict is kubectl's own default. Nothing is stored.
  const tryOut = (object: object) =>
    server.kubectl(['apply', '--dry-run=server', '--validate=strict', '--filename=-'], JSON.stringify(object))

  before(async () => {
    server = await startApiServer()
    const definitions = customResources.map(resource => stringify(customResourceDefinition(resource)))
    const applied = await server.kubectl(['apply', '--filename=-'], definitions.join('---\n'))
    assert.equal(applied.code, 0, applied.stderr)
    const names = customResources.map(({ plural, group }) => `crd/${plural}.${group}`)
    const established = await server.kubectl(['wait', '--for=condition=Established', '--timeout=30s', ...names])
    assert.equal(established.code, 0, established.stderr)
  })
  after(() => server?.stop())

  it('are structural, with nothing that the API server found fault with', async () => {
    for (const { plural, group } of customResources) {
      const { status } = await server.kubectlJson<{ status: { conditions: { type: string; status: string }[] } }>([
        'get',
        `crd/${plural}.${group}`,
      ])
      const unmet = status.conditions.filter(({ type }) => type === 'NonStructuralSchema')
      assert.deepEqual(unmet, [])
    }
  })

  for (const { name, object } of good) {
    it(`accepts ${name}`, async () => {
      const { code, stderr } = await tryOut(object)
      assert.equal(code, 0, stderr)
    })
  }

  it('accepts every address and range that is legal', async () => {
    const objects = goodAddresses.map((addresses, index) => pool({ addresses }, `pool-${index}`))
    const { code, stderr } = await tryOut({ apiVersion: 'v1', kind: 'List', items: objects })
    assert.equal(code, 0, stderr)
  })

  it('accepts 1,000 ranges of the longest form in one pool', async () => {
    const long = (last: string) => `2001:0db8:1111:1111:1111:1111:1111:${last}`
    const ranges = Array.from({ length: 1000 }, (_, index) => {
      const start = index.toString(16).padStart(4, '0')
      return `${long(start)} - ${long('ffff')}`
    })
    const { code, stderr } = await tryOut(pool({ addresses: ranges }))
    assert.equal(code, 0, stderr)
  })

  for (const { name, object, message } of bad) {
    it(`refuses ${name}`, async () => {
      const { code, stderr } = await tryOut(object)
      assert.notEqual(code, 0)
      assert.match(stderr, message)
    })
  }

  for (const [text, message] of badAddresses) {
    it(`refuses the address "${text}", naming field and value`, async () => {
      const { code, stderr } = await tryOut(pool({ addresses: ['192.0.2.0/24', text] }))
      assert.notEqual(code, 0)
      assert.ok(stderr.includes('spec.addresses[1]: '), stderr)
      assert.ok(stderr.includes(`"${text}" ${message}`), stderr)
    })
  }

  it('orders the ends of any IPv6 range as their numbers are ordered', async () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
    const groups = fc.array(group, { minLength: 8, maxLength: 8 })
    const value = (parts: number[]) => parts.reduce((sum, part) => (sum << 16n) | BigInt(part), 0n)
    const pairs = fc
      .sample(fc.tuple(groups, groups), { numRuns: 200, seed: 1 })
      // ::ffff:0:0/96 is IPv4 in disguise, which is refused whatever its order.
      .filter(pair => pair.every(parts => value(parts) >> 32n !== 0xffffn))
    const ranges = pairs.map(pair => pair.map(parts => parts.map(part => part.toString(16)).join(':')).join('-'))
    const wrong = ranges.filter((_, index) => value(pairs[index]![0]) > value(pairs[index]![1]))
    assert.ok(wrong.length > 50 && wrong.length < ranges.length - 50)
    const { stderr } = await tryOut(pool({ addresses: ranges }))
    const refused = ranges.filter((_, index) => stderr.includes(`spec.addresses[${index}]: `))
    assert.deepEqual(refused, wrong)
  })

  it('fills in the defaults and shows the columns', async () => {
    const created = await server.kubectl(['apply', '--filename=-'], JSON.stringify(pool({ addresses }, 'shown')))
    assert.equal(created.code, 0, created.stderr)
    const { stdout } = await server.kubectl(['get', 'ipaddresspools', 'shown'])
    const [head, row] = stdout.trim().split('\n')
    assert.match(head ?? '', /^NAME +AUTO ASSIGN +AVOID BUGGY IPS +ADDRESSES$/)
    assert.match(row ?? '', /^shown +true +false +\["192\.0\.2\.0\/24"\]$/)
  })

  it('keeps counts beyond what a JavaScript number can hold, and conditions', async () => {
    await server.kubectl(['apply', '--filename=-'], JSON.stringify(pool({ addresses }, 'counted')))
    const condition = {
      ...{ type: 'herald.io/Valid', status: 'True', reason: 'Valid', message: '' },
      lastTransitionTime: '2026-01-01T00:00:00Z',
    }
    const status = `{"assignedIPv4":0,"availableIPv6":9223372036854775807,"conditions":[${JSON.stringify(condition)}]}`
    const patch = [
      'patch',
      'ipaddresspool/counted',
      '--subresource=status',
      '--type=merge',
      `--patch={"status":${status}}`,
    ]
    const patched = await server.kubectl(patch)
    assert.equal(patched.code, 0, patched.stderr)
    const { stdout } = await server.kubectl(['get', 'ipaddresspool/counted', '--output=json'])
    assert.match(stdout, /"availableIPv6": 9223372036854775807/)
    assert.match(stdout, /"herald\.io\/Valid"/)
  })
})
