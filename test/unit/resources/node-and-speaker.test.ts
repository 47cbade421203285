import assert from 'node:assert/strict'
import { type NodeObject, sameNode, viewNode } from '../../../src/resources/node.ts'
import { isRegistered, sameCandidate, sameReport, viewSpeaker } from '../../../src/resources/speaker-view.ts'

describe('Node', () => {
  const object: NodeObject = {
    metadata: { name: 'node-a', uid: 'u', resourceVersion: '1', labels: { zone: 'a' } },
    spec: { unschedulable: true },
    status: {
      conditions: [
        { type: 'Ready', status: 'False' },
        { type: 'NetworkUnavailable', status: 'True' },
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
    })
    assert.equal(viewNode({}).networkUnavailable, false)
  })

  it('is the same while nothing changed that decides', () => {
    const a = viewNode(object)
    assert.ok(sameNode(a, viewNode({ ...object, metadata: { ...object.metadata, resourceVersion: '2' } })))
    const others: NodeObject[] = [
      { ...object, metadata: { ...object.metadata, labels: { zone: 'b' } } },
      { ...object, metadata: { ...object.metadata, labels: { zone: 'a', more: '' } } },
      { ...object, metadata: { ...object.metadata, uid: 'v' } },
      { ...object, spec: {} },
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
    assert.ok(!sameCandidate(view, undefined))
    assert.ok(sameCandidate(undefined, viewSpeaker({})))
  })

  it('says the same in whatever order its lists come', () => {
    const interfaces = [
      { name: 'eth0', mac: 'm', addresses: ['192.0.2.9/24'] },
      { name: 'eth1', mac: 'n', addresses: [] },
    ]
    const announcements = [
      { address: '192.0.2.1', interfaces: ['eth0'] },
      { address: '192.0.2.2', interfaces: ['eth1'] },
    ]
    const view = viewSpeaker({ status: { interfaces, announcements } })
    assert.ok(sameReport(view, { interfaces: interfaces.toReversed(), announcements: announcements.toReversed() }))
    assert.ok(!sameReport(view, { interfaces, announcements: announcements.slice(1) }))
    assert.ok(!sameReport(view, { interfaces: interfaces.slice(1), announcements }))
  })
})
