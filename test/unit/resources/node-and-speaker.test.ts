import assert from 'node:assert/strict'
import { type NodeObject, sameNode, viewNode } from '../../../src/resources/node.ts'
import { isRegistered, sameCandidate, sameReport, viewSpeaker } from '../../../src/resources/speaker-view.ts'

describe('Node', () => {
  const object: NodeObject = {
    metadata: {
      name: 'node-a',
      uid: 'u',
      resourceVersion: '1',
      labels: { zone: 'a' },
      annotations: { 'herald.io/drain': 'true', other: 'x' },
    },
    spec: { unschedulable: true, taints: [{ key: 'two' }, { key: 'one' }, { key: 'two' }] },
    status: {
      conditions: [
        { type: 'Ready', status: 'False' },
        { type: 'NetworkUnavailable', status: 'True' },
      ],
      addresses: [
        { type: 'Hostname', address: 'node-a' },
        { type: 'InternalIP', address: '192.0.2.11' },
        { type: 'InternalIP', address: '2001:db8::11' },
        { type: 'ExternalIP', address: '203.0.113.11' },
      ],
    },
  }

  it('is cut to what is used', () => {
    const { resourceVersion, ...view } = viewNode(object)
    assert.deepEqual(view, {
      name: 'node-a',
      uid: 'u',
      labels: { zone: 'a' },
      networkUnavailable: true,
      unschedulable: true,
      drainRequested: true,
      taintKeys: ['one', 'two'],
      addresses: ['192.0.2.11', '2001:db8::11'],
    })
    const { networkUnavailable, unschedulable, drainRequested, taintKeys } = viewNode({ spec: { taints: null } })
    assert.deepEqual([networkUnavailable, unschedulable, drainRequested, taintKeys], [false, false, false, []])
  })

  for (const value of ['false', 'True', '', '1']) {
    it(`is not drained by the annotation "${value}"`, () =>
      assert.equal(viewNode({ metadata: { annotations: { 'herald.io/drain': value } } }).drainRequested, false))
  }

  it('is the same whatever other annotations it has, and in whatever order its taints come', () => {
    const annotations = { ...object.metadata!.annotations, other: 'y' }
    const taints = [...object.spec!.taints!].reverse()
    const changed = { ...object, metadata: { ...object.metadata, annotations }, spec: { ...object.spec, taints } }
    assert.ok(sameNode(viewNode(object), viewNode(changed)))
  })

  it('is the same while nothing changed that decides', () => {
    const a = viewNode(object)
    assert.ok(sameNode(a, viewNode({ ...object, metadata: { ...object.metadata, resourceVersion: '2' } })))
    const others: NodeObject[] = [
      { ...object, metadata: { ...object.metadata, labels: { zone: 'b' } } },
      { ...object, metadata: { ...object.metadata, labels: { zone: 'a', more: '' } } },
      { ...object, metadata: { ...object.metadata, uid: 'v' } },
      { ...object, metadata: { ...object.metadata, annotations: {} } },
      { ...object, spec: {} },
      { ...object, spec: { ...object.spec, unschedulable: false } },
      { ...object, spec: { ...object.spec, taints: [{ key: 'one' }] } },
      { ...object, status: {} },
    ]
    for (const changed of others) {
      assert.ok(!sameNode(a, viewNode(changed)))
    }
  })
})

describe('SpeakerStatus', () => {
  it('takes part once it has reported and while it is not expired', () => {
    assert.equal(isRegistered(undefined), false)
    assert.equal(isRegistered(viewSpeaker({ metadata: { name: 'a' } })), false)
    assert.equal(isRegistered(viewSpeaker({ status: {} })), true)
    assert.equal(isRegistered(viewSpeaker({ status: { expiredAt: null } })), true)
    assert.equal(isRegistered(viewSpeaker({ status: { expiredAt: '2026-01-01T00:00:00Z' } })), false)
  })

  it('is the same candidate while registration and interfaces stay, whatever it announces', () => {
    const eth0 = { name: 'eth0', mac: 'm', addresses: [] }
    const view = viewSpeaker({ status: { interfaces: [eth0] } })
    const announcing = viewSpeaker({ status: { interfaces: [eth0], announcements: [{ address: '192.0.2.1' }] } })
    assert.ok(sameCandidate(view, announcing))
    assert.ok(!sameCandidate(view, viewSpeaker({ status: { interfaces: [{ ...eth0, name: 'eth1' }] } })))
    assert.ok(!sameCandidate(view, viewSpeaker({ status: { interfaces: [eth0], expiredAt: '2026-01-01T00:00:00Z' } })))
    const inSubnet = viewSpeaker({
      status: { interfaces: [{ ...eth0, addresses: ['192.0.2.9/24', '2001:db8::9/64'] }] },
    })
    const reversed = viewSpeaker({
      status: { interfaces: [{ ...eth0, addresses: ['2001:db8::9/64', '192.0.2.9/24'] }] },
    })
    assert.ok(!sameCandidate(view, inSubnet))
    assert.ok(sameCandidate(inSubnet, reversed))
    assert.ok(!sameCandidate(view, undefined))
    assert.ok(sameCandidate(undefined, viewSpeaker({})))
  })

  it('says the same while nothing in its report differs', () => {
    const since = '2026-01-01T00:00:00Z'
    const status = {
      interfaces: [
        { name: 'eth0', mac: 'm', addresses: ['192.0.2.9/24'] },
        { name: 'eth1', mac: 'n', addresses: [] },
      ],
      announcements: [
        { address: '192.0.2.1', interfaces: ['eth0'], since },
        { address: '192.0.2.2', interfaces: ['eth1'] },
      ],
      conflicts: [{ address: '192.0.2.3', interface: 'eth0', mac: 'm', since }],
      sessions: [{ node: 'b', state: 'Up', since }],
    }
    const view = viewSpeaker({ status })
    assert.ok(sameReport(view, viewSpeaker({ metadata: { resourceVersion: '2' }, status: { ...status } })))
    const later = '2026-01-01T00:00:01Z'
    const others: Partial<typeof status>[] = [
      { interfaces: status.interfaces.slice(1) },
      { announcements: status.announcements.slice(1) },
      { announcements: [{ ...status.announcements[0]!, since: later }, status.announcements[1]!] },
      { conflicts: [] },
      { conflicts: [{ ...status.conflicts[0]!, mac: 'n' }] },
      { sessions: [{ ...status.sessions[0]!, state: 'Down' }] },
    ]
    for (const changed of others) {
      const other = viewSpeaker({ status: { ...status, ...changed } })
      assert.ok(!sameReport(view, other), JSON.stringify(changed))
    }
  })

  it('reads what it does not know, or what is not there, as the least', () => {
    const { sessions, announcements, conflicts } = viewSpeaker({
      status: { sessions: [{ node: 'b', state: 'Asleep' }], announcements: [{ address: '192.0.2.1' }] },
    })
    assert.deepEqual(sessions, [{ node: 'b', state: 'Down' }])
    assert.deepEqual(announcements, [{ address: '192.0.2.1', interfaces: [] }])
    assert.deepEqual(conflicts, [])
  })
})
