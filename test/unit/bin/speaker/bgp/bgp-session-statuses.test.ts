import assert from 'node:assert/strict'
import { BgpSessionStatuses } from '../../../../../src/bin/speaker/bgp/bgp-session-statuses.ts'
import type { BgpSessionReport } from '../../../../../src/bin/speaker/bgp/session-report.ts'
import { bgpSessionStatuses, type KubernetesObject } from '../../../../../src/kubernetes/resources.ts'
import { Store } from '../../../../../src/kubernetes/store.ts'
import {
  type BgpSessionStatus,
  type BgpSessionView,
  bgpSessionStatusName,
  viewBgpSessionStatus,
} from '../../../../../src/resources/bgp-session-status.ts'
import { type SpeakerView, viewSpeaker } from '../../../../../src/resources/speaker-view.ts'
import { FakeClock } from '../../../../support/io/fake-clock.ts'
import { MemoryLogger } from '../../../../support/kubernetes/driven.ts'
import { type Link, MemoryApi } from '../../../../support/kubernetes/memory-api.ts'

const name = bgpSessionStatusName('node-1', 'rack')
const key = `herald/${name}`

describe('BGPSessionStatus objects of a node', () => {
  let clock: FakeClock
  let api: MemoryApi
  let link: Link
  let statuses: Store<BgpSessionView>
  let speakers: Store<SpeakerView>
  let writer: BgpSessionStatuses
  let writes: string[]
  const established: BgpSessionReport = {
    ...{ peer: 'rack', address: '192.0.2.254', state: 'Established', prefixesSent: 0 },
    sinceMs: Date.UTC(2026, 0, 1, 12, 0, 0, 400),
  }

  beforeEach(() => {
    clock = new FakeClock()
    api = new MemoryApi({ clock })
    link = { delayMs: 0, cut: false, losesAnswers: false }
    statuses = new Store()
    speakers = new Store()
    writes = []
    const client = api.client(link)
    writer = new BgpSessionStatuses(
      {
        client: {
          create: (resource, object, options) => {
            writes.push('create')
            return client.create(resource, object, options)
          },
          patch: (resource, ref, body, options) => {
            assert.equal(resource, bgpSessionStatuses)
            assert.equal(ref.subresource, 'status')
            writes.push('patch')
            return client.patch(resource, ref, body, options)
          },
          delete: async (_resource, ref) => {
            writes.push('delete')
            api.remove(`${ref.namespace}/${ref.name}`)
          },
        },
        ...{ clock, random: () => 0, logger: new MemoryLogger(), speakers, statuses, sources: [] },
      },
      { namespace: 'herald', nodeName: 'node-1' },
    )
    writer.start()
  })

  afterEach(async () => {
    link.cut = false
    await writer.stop()
    assert.equal(clock.pendingTimers, 0)
  })

  const register = () => speakers.upsert('herald/node-1', '1', viewSpeaker({ metadata: { name: 'node-1', uid: 'u1' } }))
  type Stored = KubernetesObject & BgpSessionStatus
  const stored = () => api.object<Stored>(key)
  /** Lets the writer work and brings what it wrote back, as the watch does. */
  const watch = async (ms = 0) => {
    for (const step of [0, ms, 0]) {
      await clock.advanceAsync(step)
      const object = stored()
      if (object) statuses.upsert(key, object.metadata?.resourceVersion ?? '', viewBgpSessionStatus(object))
      else statuses.delete(key)
    }
    await clock.advanceAsync(0)
  }

  it('come with the first session, belong to the registration of the speaker, and say how the session is', async () => {
    writer.setSessions([{ ...established, bfd: 'Up' }])
    await watch()
    assert.deepEqual(writes, [], 'nobody to belong to yet')
    register()
    await watch()
    assert.deepEqual(stored()?.metadata?.ownerReferences, [
      { apiVersion: 'herald.io/v1alpha1', kind: 'SpeakerStatus', name: 'node-1', uid: 'u1' },
    ])
    assert.deepEqual(stored()?.status, {
      ...{ node: 'node-1', peer: 'rack', address: '192.0.2.254', state: 'Established' },
      ...{ since: '2026-01-01T12:00:00Z', prefixesSent: 0, bfd: 'Up' },
    })
    assert.deepEqual(writes, ['create', 'patch'])
  })

  it('are not written while nothing changes', async () => {
    register()
    writer.setSessions([established])
    await watch()
    writer.setSessions([{ ...established }])
    await watch(600_000)
    assert.deepEqual(writes, ['create', 'patch'])
  })

  it('say at once that a session is lost and why, and forget what no longer holds', async () => {
    register()
    writer.setSessions([{ ...established, bfd: 'Up' }])
    await watch()
    const sinceMs = established.sinceMs + 60_000
    writer.setSessions([{ peer: 'rack', state: 'Idle', sinceMs, prefixesSent: 0, lastError: 'hold timer expired' }])
    await watch()
    assert.deepEqual(stored()?.status, {
      ...{ node: 'node-1', peer: 'rack', state: 'Idle', since: '2026-01-01T12:01:00Z', prefixesSent: 0 },
      lastError: 'hold timer expired',
    })
  })

  it('count prefixes every ten seconds at most', async () => {
    register()
    writer.setSessions([established])
    await watch()
    for (let second = 1; second <= 9; second++) {
      writer.setSessions([{ ...established, prefixesSent: second }])
      await watch(1_000)
    }
    assert.equal(stored()?.status?.prefixesSent, 0)
    await watch(1_000)
    assert.equal(stored()?.status?.prefixesSent, 9)
    assert.deepEqual(writes, ['create', 'patch', 'patch'])
  })

  it('tell of attempts that lead nowhere once a minute', async () => {
    register()
    const failing = { peer: 'rack', sinceMs: 0, prefixesSent: 0, lastError: 'connection refused' }
    writer.setSessions([{ ...failing, state: 'Active' }])
    await watch()
    for (let second = 0; second < 60; second += 2) {
      for (const state of ['Connect', 'Active'] as const) {
        writer.setSessions([{ ...failing, state }])
        await watch(1_000)
      }
    }
    assert.ok(writes.length <= 4, `${writes}`)
  })

  it('go with a peer that is configured no more, and not before the peers are known', async () => {
    register()
    writer.setSessions([established])
    await watch()
    writer.setSessions([])
    await watch()
    assert.equal(writes.at(-1), 'delete')
    assert.equal(stored(), undefined)
  })

  it('are left alone when they are those of another node', async () => {
    register()
    const status = { node: 'node-2', peer: 'rack', state: 'Established' as const }
    statuses.upsert('herald/other', '1', viewBgpSessionStatus({ metadata: { name: 'other' }, status }))
    writer.setSessions([])
    await watch(120_000)
    assert.deepEqual(writes, [])
  })

  it('say when the speaker stops that the session is over', async () => {
    register()
    writer.setSessions([established])
    await watch()
    await writer.stop()
    assert.equal(stored()?.status?.state, 'Idle')
    assert.equal(stored()?.status?.lastError, 'the speaker stopped')
  })
})
