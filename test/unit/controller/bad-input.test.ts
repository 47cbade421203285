import assert from 'node:assert/strict'
import { type PoolStatusComponents, reconcilePoolStatus } from '../../../src/bin/controller/pool-status.ts'
import {
  type ReservationStatusComponents,
  reconcileReservationStatus,
} from '../../../src/bin/controller/reservation-status.ts'
import { silentLogger } from '../../../src/kubernetes/logger.ts'
import type { Condition } from '../../../src/resources/service.ts'
import { SimulatedCluster } from '../../support/simulated-cluster.ts'

// What the schemas of the API server refuse is refused here once more: a cluster may still carry the definitions that
// another implementation installed. After each mistake the object says so, and everything else goes on.

const addresses = ['198.51.100.0/30']
const long = 'x'.repeat(10_000)

/** A cluster with a good pool and a Service that has an address; what a mistake must leave alone. */
async function good() {
  const cluster = new SimulatedCluster()
  cluster.putPool('good', { addresses: ['192.0.2.10-192.0.2.13'] })
  cluster.putService('innocent', {})
  await cluster.settle()
  return cluster
}

async function goesOn(cluster: SimulatedCluster) {
  assert.deepEqual(cluster.addresses('innocent'), ['192.0.2.10'])
  cluster.putService('newcomer', { annotations: { 'metallb.io/address-pool': 'good' } })
  await cluster.settle()
  assert.equal(cluster.addresses('newcomer').length, 1, 'others are still served')
}

/** The condition and events that an object is given. */
async function judged(cluster: SimulatedCluster, kind: 'pool' | 'reservation', name: string) {
  const written: Condition[] = []
  const events: string[] = []
  const common = {
    controller: cluster.controller,
    logger: silentLogger,
    nowText: () => '2026-01-01T00:00:00Z',
    statusWriter: {
      async patchStatus(_resource: unknown, _ref: unknown, status: object) {
        written.push(...(status as { conditions: Condition[] }).conditions.filter(({ type }) => type === 'Accepted'))
        return 'written' as const
      },
    },
    recordProblem: (_object: unknown, reason: string, message: string) => void events.push(`${reason}: ${message}`),
  }
  if (kind === 'pool') {
    const pools = { get: (key: string) => ({ ...cluster.pool(key), status: {} }) }
    await reconcilePoolStatus({ ...common, pools } as unknown as PoolStatusComponents, `h/${name}`)
  } else {
    const reservations = { get: (key: string) => cluster.reservation(key) }
    await reconcileReservationStatus({ ...common, reservations } as unknown as ReservationStatusComponents, `h/${name}`)
  }
  assert.equal(written.length, 1)
  return { condition: written[0], events }
}

function says(word: string, { condition, events }: Awaited<ReturnType<typeof judged>>) {
  assert.equal(condition?.status, 'False')
  assert.equal(condition?.reason, 'Invalid')
  assert.ok(condition?.message.includes(`${word}: `), `${condition?.message} names ${word}`)
  assert.equal(events.length, 1)
  assert.ok(events[0]?.includes(word))
}

const notAddresses: [what: string, value: unknown, field: string][] = [
  ['nothing', undefined, 'spec.addresses'],
  ['null', null, 'spec.addresses'],
  ['a text', '192.0.2.0/24', 'spec.addresses'],
  ['an object', { 0: '192.0.2.0/24' }, 'spec.addresses'],
  ['an empty list', [], 'spec.addresses'],
  ['a number in the list', [7], 'spec.addresses[0]'],
  ['null in the list', [...addresses, null], 'spec.addresses[1]'],
  ['an empty text', [''], 'spec.addresses[0]'],
  ['a host name', ['lb.example'], 'spec.addresses[0]'],
  ['an octet of 300', ['10.0.0.300-10.0.0.301'], 'spec.addresses[0]'],
  ['leading zeros', ['010.0.0.1-010.0.0.2'], 'spec.addresses[0]'],
  ['a prefix length of 33', ['192.0.2.0/33'], 'spec.addresses[0]'],
  ['a negative prefix length', ['192.0.2.0/-1'], 'spec.addresses[0]'],
  ['a reversed range', ['192.0.2.9-192.0.2.1'], 'spec.addresses[0]'],
  ['a range of both families', ['192.0.2.1-2001:db8::1'], 'spec.addresses[0]'],
  ['three ends', ['192.0.2.1-192.0.2.2-192.0.2.3'], 'spec.addresses[0]'],
  ['a zone', ['fe80::1%eth0/64'], 'spec.addresses[0]'],
  ['IPv4 in the clothes of IPv6', ['::ffff:192.0.2.0/120'], 'spec.addresses[0]'],
  ['a long text', [long], 'spec.addresses[0]'],
]
const selectors: [what: string, value: unknown, at: string][] = [
  ['a text', 'team=a', ''],
  ['an object', { matchLabels: {} }, ''],
  ['a text in the list', ['team=a'], '[0]'],
  ['null in the list', [{}, null], '[1]'],
  ['a label key that cannot be', [{ matchLabels: { 'a b': 'x' } }], '[0]'],
  ['a label value that cannot be', [{ matchLabels: { a: 7 } }], '[0]'],
  ['an unknown operator', [{ matchExpressions: [{ key: 'a', operator: 'Like', values: ['b'] }] }], '[0]'],
  ['In without values', [{ matchExpressions: [{ key: 'a', operator: 'In' }] }], '[0]'],
]
const allocation = 'spec.serviceAllocation'

const pools: [what: string, spec: Record<string, unknown>, field: string][] = [
  ...notAddresses.map(([what, value, field]): [string, Record<string, unknown>, string] => [
    `${what} as addresses`,
    { addresses: value },
    field,
  ]),
  ['overlapping entries', { addresses: [...addresses, '198.51.100.1/32'] }, 'spec.addresses[1]'],
  ...(['autoAssign', 'avoidBuggyIPs'] as const).flatMap(name =>
    (['yes', 0, [], {}] as const).map((value): [string, Record<string, unknown>, string] => [
      `${JSON.stringify(value)} as ${name}`,
      { addresses, [name]: value },
      `spec.${name}`,
    ]),
  ),
  ...(['all', 7, true, [{}]] as const).map((value): [string, Record<string, unknown>, string] => [
    `${JSON.stringify(value)} as serviceAllocation`,
    { addresses, serviceAllocation: value },
    allocation,
  ]),
  ...(['first', 1.5, Number.NaN, {}, 1e300] as const).map((priority): [string, Record<string, unknown>, string] => [
    `${String(priority)} as priority`,
    { addresses, serviceAllocation: { priority } },
    `${allocation}.priority`,
  ]),
  ['a text as namespaces', { addresses, serviceAllocation: { namespaces: 'shop' } }, `${allocation}.namespaces`],
  [
    'a number among namespaces',
    { addresses, serviceAllocation: { namespaces: ['a', 7] } },
    `${allocation}.namespaces[1]`,
  ],
  ['an empty namespace', { addresses, serviceAllocation: { namespaces: [''] } }, `${allocation}.namespaces[0]`],
  ['a namespace twice', { addresses, serviceAllocation: { namespaces: ['a', 'a'] } }, `${allocation}.namespaces[1]`],
  ...(['namespaceSelectors', 'serviceSelectors'] as const).flatMap(name =>
    selectors.map(([what, value, at]): [string, Record<string, unknown>, string] => [
      `${what} as ${name}`,
      { addresses, serviceAllocation: { [name]: value } },
      `${allocation}.${name}${at}`,
    ]),
  ),
]

describe('nonsense in an IPAddressPool is said on the pool, and changes nothing else', () => {
  for (const [what, spec, field] of pools) {
    it(`${what}: ${field}`, async () => {
      const cluster = await good()
      cluster.putPool('bad', spec)
      await cluster.settle()
      says(field, await judged(cluster, 'pool', 'bad'))
      await goesOn(cluster)
    })
  }

  it('spec: nothing at all', async () => {
    const cluster = await good()
    cluster.putPool('bad', undefined)
    await cluster.settle()
    says('spec.addresses', await judged(cluster, 'pool', 'bad'))
    await goesOn(cluster)
  })

  it('null stands for what is not given', async () => {
    const cluster = await good()
    const none = { priority: null, namespaces: null, namespaceSelectors: null, serviceSelectors: null }
    cluster.putPool('fine', { addresses, autoAssign: null, avoidBuggyIPs: null, serviceAllocation: none })
    await cluster.settle()
    assert.equal(cluster.controller.problemOf('fine'), undefined)
    assert.equal(cluster.controller.pools.length, 2)
  })
})

const service = { namespace: 'default', name: 'web' }
const reservations: [what: string, spec: Record<string, unknown>, field: string][] = [
  ...notAddresses.map(([what, value, field]): [string, Record<string, unknown>, string] => [
    `${what} as addresses`,
    { addresses: value },
    field,
  ]),
  ...(['default/web', 7, true, [service]] as const).map((value): [string, Record<string, unknown>, string] => [
    `${JSON.stringify(value)} as service`,
    { addresses, service: value },
    'spec.service',
  ]),
  ...(['namespace', 'name'] as const).flatMap(field =>
    ([undefined, null, '', 7, {}, 'a/b'] as const).map((value): [string, Record<string, unknown>, string] => [
      `${JSON.stringify(value)} as ${field} of the Service`,
      { addresses, service: { ...service, [field]: value } },
      `spec.service.${field}`,
    ]),
  ),
]

describe('nonsense in an AddressReservation is said on the reservation, and changes nothing else', () => {
  for (const [what, spec, field] of reservations) {
    it(`${what}: ${field}`, async () => {
      const cluster = await good()
      cluster.putReservationSpec('bad', spec)
      await cluster.settle()
      says(field, await judged(cluster, 'reservation', 'bad'))
      await goesOn(cluster)
    })
  }
})

const nonsense: [what: string, text: string, quoted?: string][] = [
  ['a word', 'nonsense'],
  ['blanks', '   ', '""'],
  ['an octet of 300', '192.0.2.300'],
  ['a leading zero', '192.0.02.10'],
  ['a CIDR', '192.0.2.10/32'],
  ['a range', '192.0.2.10-192.0.2.11'],
  ['a host name', 'lb.example'],
  ['a zone', 'fe80::1%eth0'],
  ['IPv4 in the clothes of IPv6', '::ffff:192.0.2.10'],
  ['JSON', '["192.0.2.10"]'],
  ['control characters', '192.0.2.10\u0000\n'],
  ['a long text', long, '"xxx'],
]

describe('nonsense in what a Service asks for is said on the Service, and changes nothing else', () => {
  const fields: [field: string, asks: (text: string) => object][] = [
    ...['metallb.io', 'metallb.universe.tf'].map((prefix): [string, (text: string) => object] => [
      `${prefix}/loadBalancerIPs`,
      text => ({ annotations: { [`${prefix}/loadBalancerIPs`]: text } }),
    ]),
    ['spec.loadBalancerIP', text => ({ spec: { loadBalancerIP: text } })],
  ]
  const lists: typeof nonsense = [
    ['a comma', ',', '""'],
    ['a comma at the end', '192.0.2.12,', '""'],
    ['two of one family', '192.0.2.11,192.0.2.12', 'two IPv4 addresses'],
    ['three', '192.0.2.11,2001:db8::1,192.0.2.12', 'two IPv4 addresses'],
  ]
  for (const [field, asks] of fields) {
    for (const [what, text, quoted = text.trim()] of [...nonsense, ...lists]) {
      it(`${what} in ${field}`, async () => {
        const cluster = await good()
        cluster.putService('bad', asks(text))
        await cluster.settle()
        const condition = cluster.condition('bad')
        assert.deepEqual([condition?.status, condition?.reason], ['False', 'InvalidRequest'])
        assert.ok(condition?.message.includes(field), condition?.message)
        assert.ok(condition?.message.includes(quoted), condition?.message)
        assert.ok((condition?.message.length ?? 0) <= 1_024)
        const failed = cluster.takeEvents('bad').filter(({ reason }) => reason === 'LoadBalancerFailed')
        assert.deepEqual(
          failed.map(({ type, message }) => [type, message.includes(field)]),
          [['Warning', true]],
        )
        assert.deepEqual(cluster.addresses('bad'), [])
        await goesOn(cluster)
      })
    }
  }

  for (const prefix of ['metallb.io', 'metallb.universe.tf']) {
    for (const pool of ['no-such-pool', ' ', 'good/', '../good', 'Good', '__proto__', 'good,good', long]) {
      it(`${JSON.stringify(pool.slice(0, 20))} in ${prefix}/address-pool`, async () => {
        const cluster = await good()
        cluster.putService('bad', { annotations: { [`${prefix}/address-pool`]: pool } })
        await cluster.settle()
        const condition = cluster.condition('bad')
        assert.deepEqual([condition?.status, condition?.reason], ['False', 'UnknownPool'])
        assert.ok(condition?.message.includes(`"${pool.slice(0, 900)}`))
        assert.ok(
          cluster.takeEvents('bad').some(({ type, reason }) => type === 'Warning' && reason === 'AllocationFailed'),
        )
        await goesOn(cluster)
      })
    }

    it(`any text in ${prefix}/allow-shared-ip is a key, and shares with nothing but the same text`, async () => {
      for (const key of [' ', '\u0000', '__proto__', '{"a":1}', long]) {
        const cluster = await good()
        const sharing = (port: number, text = key) => ({
          annotations: { [`${prefix}/allow-shared-ip`]: text, 'metallb.io/loadBalancerIPs': '192.0.2.13' },
          spec: { ports: [{ port }] },
        })
        cluster.putService('a', sharing(80))
        cluster.putService('b', sharing(81))
        cluster.putService('c', sharing(82, `${key}x`))
        await cluster.settle()
        assert.deepEqual(
          ['a', 'b', 'c'].map(name => cluster.addresses(name)[0]),
          ['192.0.2.13', '192.0.2.13', undefined],
        )
        await goesOn(cluster)
      }
    })

    it(`an empty text in any annotation under ${prefix} asks for nothing`, async () => {
      for (const name of ['address-pool', 'loadBalancerIPs', 'allow-shared-ip']) {
        const cluster = await good()
        cluster.putService('fine', { annotations: { [`${prefix}/${name}`]: '' } })
        await cluster.settle()
        assert.deepEqual(cluster.addresses('fine'), ['192.0.2.11'])
      }
    })
  }
})
