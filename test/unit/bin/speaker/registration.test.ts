import assert from 'node:assert/strict'
import { EMPTY_REPORT } from '../../../../src/bin/speaker/link/link-messages.ts'
import { Registration } from '../../../../src/bin/speaker/registration.ts'
import type { Lease } from '../../../../src/kubernetes/lease-record.ts'
import type { KubernetesObject } from '../../../../src/kubernetes/resources.ts'
import { Store } from '../../../../src/kubernetes/store.ts'
import { type NodeView, viewNode } from '../../../../src/resources/node.ts'
import { type SpeakerObject, type SpeakerView, viewSpeaker } from '../../../../src/resources/speaker-view.ts'
import { FakeClock } from '../../../support/io/fake-clock.ts'
import { MemoryLogger } from '../../../support/kubernetes/driven.ts'
import { type Link, MemoryApi } from '../../../support/kubernetes/memory-api.ts'

const statusKey = 'herald/node-1'
const leaseKey = 'herald/herald-speaker-node-1'
const report = { ...EMPTY_REPORT, interfaces: [{ name: 'eth0', mac: 'm', addresses: [] }] }

describe("a speaker's registration", () => {
  let clock: FakeClock
  let api: MemoryApi
  let link: Link
  let logger: MemoryLogger
  let nodes: Store<NodeView>
  let speakers: Store<SpeakerView>
  let registration: Registration
  let leaseStates: boolean[]
  /** requests, in the order in which they were carried out */
  let writes: string[]

  beforeEach(() => {
    clock = new FakeClock()
    api = new MemoryApi({ clock })
    link = { delayMs: 0, cut: false, losesAnswers: false }
    logger = new MemoryLogger()
    nodes = new Store()
    speakers = new Store()
    writes = []
    leaseStates = []
    const { create, patch } = api.client(link)
    registration = new Registration(
      {
        client: {
          create: (resource, object, options) => {
            writes.push(`create ${resource.plural}`)
            return create(resource, object, options)
          },
          patch: (resource, ref, body, options) => {
            writes.push(`patch ${resource.plural}`)
            return patch(resource, ref, body, options)
          },
        },
        clock,
        random: () => 0,
        logger,
        nodes,
        speakers,
        sources: [],
      },
      {
        namespace: 'herald',
        nodeName: 'node-1',
        podName: 'pod-1',
        podUid: 'p',
        onLeaseExpired: expired => leaseStates.push(expired),
      },
    )
    registration.start()
  })

  afterEach(async () => {
    link.cut = false
    await registration.stop()
    assert.equal(clock.pendingTimers, 0)
  })

  const putNode = (uid: string) => nodes.upsert('node-1', uid, viewNode({ metadata: { name: 'node-1', uid } }))
  /** What the watch would bring. */
  const watch = async (ms = 0) => {
    await clock.advanceAsync(ms)
    const object = api.object<KubernetesObject & SpeakerObject>(statusKey)
    if (object) speakers.upsert(statusKey, object.metadata?.resourceVersion ?? '', viewSpeaker(object))
    else speakers.delete(statusKey)
    await clock.advanceAsync(0)
  }
  const settle = async () => {
    for (let count = 0; count < 3; count++) await watch(1_000)
  }
  const expiredAt = () => api.object<KubernetesObject & SpeakerObject>(statusKey)?.status?.expiredAt

  it('is complete once the own object shows it, and then writes nothing but the Lease', async () => {
    putNode('u')
    await clock.advanceAsync(0)
    registration.setReport(report)
    await clock.advanceAsync(0)
    assert.equal(registration.registered, false, 'the watch has not brought the object')
    await settle()
    assert.equal(registration.registered, true)
    writes.length = 0
    registration.setReport({ ...report })
    for (let second = 0; second < 60; second++) await watch(1_000)
    assert.deepEqual(new Set(writes), new Set(['patch leases']))
  })

  it('has its Lease go with the pod, and its object with the Node', async () => {
    putNode('u')
    registration.setReport(report)
    await settle()
    const ownersOf = (key: string) => api.object<KubernetesObject>(key)?.metadata?.ownerReferences
    assert.deepEqual(ownersOf(leaseKey), [{ apiVersion: 'v1', kind: 'Pod', name: 'pod-1', uid: 'p' }])
    assert.deepEqual(ownersOf(statusKey), [{ apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: 'u' }])
  })

  it('writes all that the link thread reports, once a second at most', async () => {
    putNode('u')
    registration.setReport(report)
    await settle()
    writes.length = 0
    const sinceMs = clock.now()
    for (let count = 1; count <= 20; count++) {
      const addresses = Array.from({ length: count }, (_, index) => `192.0.2.${index}`)
      registration.setReport({
        ...report,
        announced: addresses.map(address => ({ address, interfaces: ['eth0'], sinceMs })),
        conflicts: [{ address: '192.0.2.99', interface: 'eth0', mac: 'n', sinceMs }],
        sessions: [{ node: 'node-2', state: 'Up', sinceMs }],
      })
      await watch(100)
    }
    await settle()
    assert.ok(writes.filter(write => write === 'patch speakerstatuses').length <= 3, String(writes))
    const { status } = api.object<KubernetesObject & { status: Record<string, unknown[]> }>(statusKey)!
    assert.equal(status.announcementCount, 20)
    assert.equal(status.announcements?.length, 20)
    const since = new Date(sinceMs).toISOString().replace(/\.\d+Z$/, 'Z')
    assert.deepEqual(status.conflicts, [{ address: '192.0.2.99', interface: 'eth0', mac: 'n', since }])
    assert.deepEqual(status.sessions, [{ node: 'node-2', state: 'Up', since }])
  })

  it('knows when its Lease has run out, and when it is renewed again', async () => {
    putNode('u')
    registration.setReport(report)
    await settle()
    assert.deepEqual([registration.leaseExpired, leaseStates], [false, []])
    link.cut = true
    for (let second = 0; second < 40; second++) await clock.advanceAsync(1_000)
    assert.deepEqual([registration.leaseExpired, leaseStates], [true, [true]])
    link.cut = false
    for (let second = 0; second < 15; second++) await clock.advanceAsync(1_000)
    assert.deepEqual([registration.leaseExpired, leaseStates], [false, [true, false]])
  })

  it('comes back when its object was deleted or marked as expired', async () => {
    putNode('u')
    registration.setReport(report)
    await settle()
    api.remove(statusKey)
    await settle()
    assert.equal(registration.registered, true)
    const { patch } = api.client(link)
    const mark = { status: { expiredAt: '2026-01-01T00:00:00Z' } }
    await patch(
      { group: 'herald.io', version: 'v1alpha1', plural: 'speakerstatuses', kind: 'SpeakerStatus', namespaced: true },
      { namespace: 'herald', name: 'node-1' },
      mark,
      { kind: 'merge' },
    )
    await settle()
    assert.equal(expiredAt(), undefined)
  })

  it('follows a Node that was deleted and made anew', async () => {
    putNode('old')
    registration.setReport(report)
    await settle()
    nodes.delete('node-1')
    api.remove(statusKey)
    putNode('new')
    await settle()
    const uidsOf = (key: string) => api.object(key)?.metadata?.ownerReferences?.map(({ uid }) => uid)
    assert.deepEqual([uidsOf(statusKey), uidsOf(leaseKey)], [['new'], ['p']])
    assert.equal(api.object<Lease>(leaseKey)?.spec?.holderIdentity, 'pod-1')
  })

  it('gives the Lease back before it says that it leaves', async () => {
    putNode('u')
    registration.setReport(report)
    await settle()
    writes.length = 0
    await registration.stop()
    assert.deepEqual(writes, ['patch leases', 'patch speakerstatuses'])
    assert.equal(api.object<Lease>(leaseKey)?.spec?.holderIdentity, '')
    assert.ok(expiredAt())
  })

  it('leaves within a second when the API server does not answer', async () => {
    putNode('u')
    registration.setReport(report)
    await settle()
    link.cut = true
    let left = false
    const leaving = registration.stop().then(() => {
      left = true
    })
    await clock.advanceAsync(1_000)
    assert.equal(left, true)
    await leaving
  })

  it('says once that there is no Node of its name', async () => {
    registration.setReport(report)
    await settle()
    registration.setReport({ ...report, interfaces: [] })
    await settle()
    assert.equal(logger.count('warn', 'no Node of this name: nothing is announced until there is one'), 1)
    assert.deepEqual(writes, [])
  })
})
