import assert from 'node:assert/strict'
import { applyObjects, drainNodes, loseNodes } from '../../../src/cli/manifests.ts'
import { planChange } from '../../../src/cli/plan.ts'
import { type ApiObject, objectsOf, type Snapshot } from '../../../src/cli/snapshot.ts'
import { brokenCluster, healthyCluster } from '../../support/cli/clusters.ts'
import {
  announcement,
  lease,
  namespaceObject,
  node,
  own,
  service,
  slice,
  snapshotOf,
  speaker,
  workload,
} from '../../support/cli/objects.ts'

const said = { changes: [], ignored: [] }
const file = (object: ApiObject) => ({ source: 'x.yaml', object })
const pool = (name: string, addresses: string[], metadata: object = {}): ApiObject => ({
  kind: 'IPAddressPool',
  metadata: { name, ...metadata },
  spec: { addresses },
})

/** Nodes that each announce what they are elected for, and Services with one address each. */
function layer2Cluster({ nodes = 3, services = 12 } = {}): Snapshot {
  const names = Array.from({ length: nodes }, (_node, index) => `node-${index}`)
  const keys = Array.from({ length: services }, (_service, index) => index)
  return snapshotOf([
    ...names.flatMap((name, index) => [node(name, 11 + index), speaker(name, 11 + index)]),
    namespaceObject('default'),
    own('IPAddressPool', 'web', { spec: { addresses: ['192.0.2.0/24'] } }),
    own('L2Advertisement', 'web', { spec: {} }),
    ...keys.flatMap(index => [
      service('default', `s${index}`, { addresses: [`192.0.2.${index}`], pool: 'web' }),
      slice('default', `s${index}`, names),
    ]),
    workload('controller', 1, 1),
    lease('herald-controller', '2026-01-01T11:59:55.000000Z'),
  ])
}

describe('planChange()', () => {
  it('finds nothing where nothing changes, be the cluster as broken as it may', () => {
    for (const snapshot of [healthyCluster(), layer2Cluster()]) {
      const { addresses, layer2, bgp, findings, unchanged, total } = planChange(snapshot, snapshot, said)
      assert.deepEqual({ addresses, layer2, bgp, findings }, { addresses: [], layer2: [], bgp: [], findings: [] })
      assert.equal(unchanged, total)
    }
    const broken = planChange(brokenCluster(), brokenCluster(), said)
    assert.deepEqual([broken.addresses, broken.bgp, broken.findings], [[], [], []])
  })

  it('moves what a drained node has and nothing else, and none of it to a drained node', () => {
    const before = layer2Cluster()
    const { layer2, findings } = planChange(before, drainNodes(before, ['node-1']), said)
    assert.ok(layer2.length > 0)
    assert.ok(layer2.filter(({ from }) => from === 'node-1').length >= layer2.length - 1, JSON.stringify(layer2))
    assert.ok(layer2.every(({ to }) => to !== undefined && to !== 'node-1'))
    assert.deepEqual(findings, [])
  })

  it('keeps on a drained node what no other can take, and says so', () => {
    const before = layer2Cluster({ nodes: 1, services: 1 })
    const { layer2, findings } = planChange(before, drainNodes(before, ['node-0']), said)
    assert.deepEqual(layer2, [])
    assert.deepEqual(
      findings.map(({ level, subject, message }) => `${level} ${subject} ${message}`),
      [
        'error Node node-0 keeps 192.0.2.0 (default/s0), which no other node could announce: that goes down with the node',
      ],
    )
    const drained = drainNodes(before, ['node-0'])
    assert.deepEqual(planChange(drained, drained, said).findings, [])
  })

  it('tells that nobody is left when all die', () => {
    const before = layer2Cluster({ nodes: 2, services: 3 })
    const { layer2, findings } = planChange(before, loseNodes(before, ['node-0', 'node-1']), said)
    assert.ok(layer2.every(({ to }) => to === undefined))
    assert.equal(layer2.length, 3)
    assert.deepEqual(
      findings.map(({ level }) => level),
      ['error', 'error', 'error'],
    )
  })

  it('takes the node that reports an address for its owner, whoever is elected', () => {
    const before = layer2Cluster({ nodes: 2, services: 1 })
    const reporting = (name: string): Snapshot => ({
      ...before,
      objects: {
        ...before.objects,
        SpeakerStatus: objectsOf(before, 'SpeakerStatus').map(object =>
          object.metadata?.name === name ? speaker(name, 11, { announcements: [announcement('192.0.2.0')] }) : object,
        ),
      },
    })
    for (const [from, to] of [
      ['node-0', 'node-1'],
      ['node-1', 'node-0'],
    ] as const) {
      const { layer2 } = planChange(reporting(from), drainNodes(reporting(from), [from]), said)
      assert.deepEqual(layer2, [{ address: '192.0.2.0', services: ['default/s0'], from, to }])
    }
  })

  it('gives a waiting Service what another gives up, in the same plan', () => {
    const objects = [
      namespaceObject('default'),
      own('IPAddressPool', 'one', { spec: { addresses: ['192.0.2.1/32'] } }),
      service('default', 'holder', { addresses: ['192.0.2.1'], pool: 'one' }),
      service('default', 'waiting'),
    ]
    const before = snapshotOf(objects)
    const asks = service('default', 'holder', { annotations: { 'metallb.io/address-pool': 'two' } })
    const { snapshot } = applyObjects(before, [file(pool('two', ['192.0.2.2/32'])), file(asks)])
    const { addresses } = planChange(before, snapshot, said)
    assert.deepEqual(
      addresses.map(({ service: key, after }) => [key, after]),
      [
        ['default/holder', ['192.0.2.2']],
        ['default/waiting', ['192.0.2.1']],
      ],
    )
  })
})

describe('applyObjects()', () => {
  it('puts objects in the place of their like, counts the change, and keeps age and status', () => {
    const before = snapshotOf([
      own(
        'IPAddressPool',
        'web',
        { spec: { addresses: ['192.0.2.0/28'] }, status: { assignedIPv4: 1 } },
        { generation: 3 },
      ),
    ])
    const { snapshot, changes } = applyObjects(before, [
      file(pool('web', ['192.0.2.0/27'])),
      file(pool('new', ['192.0.2.64/28'])),
    ])
    const [web, fresh] = objectsOf(snapshot, 'IPAddressPool') as (ApiObject & { status?: object })[]
    assert.deepEqual(changes, ['IPAddressPool web: changed', 'IPAddressPool new: new'])
    assert.deepEqual(web?.spec, { addresses: ['192.0.2.0/27'] })
    assert.deepEqual([web?.metadata?.generation, web?.metadata?.creationTimestamp], [4, '2025-12-01T00:00:00Z'])
    assert.deepEqual(web?.status, { assignedIPv4: 1 })
    assert.equal(fresh?.metadata?.namespace, 'herald-system')
    assert.equal(applyObjects(snapshot, [file(web!)]).changes[0], 'IPAddressPool web: as it is')
  })

  it('leaves out what says nothing to Herald, and what is in a namespace that it does not read', () => {
    const elsewhere = pool('web', ['192.0.2.0/28'], { namespace: 'default' })
    const { snapshot, ignored } = applyObjects(snapshotOf([]), [
      file({ kind: 'Deployment', metadata: { name: 'x' } }),
      file(elsewhere),
      file({}),
    ])
    assert.deepEqual(ignored, [
      'x.yaml: Deployment x: nothing that addresses depend on',
      'x.yaml: IPAddressPool web: Herald reads the namespace "herald-system" alone, not "default"',
      'x.yaml: an object without kind : nothing that addresses depend on',
    ])
    assert.deepEqual(objectsOf(snapshot, 'IPAddressPool'), [])
  })
})
