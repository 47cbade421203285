import assert from 'node:assert/strict'
import { ApiError } from '../../../src/kubernetes/api-error.ts'
import type { ApiClient } from '../../../src/kubernetes/client.ts'
import type { Lease } from '../../../src/kubernetes/lease-record.ts'
import { LeaseRegistration } from '../../../src/kubernetes/lease-registration.ts'
import { FakeClock } from '../../support/io/fake-clock.ts'
import { MemoryLogger } from '../../support/kubernetes/driven.ts'
import { type Link, MemoryApi } from '../../support/kubernetes/memory-api.ts'

describe('LeaseRegistration', () => {
  let clock: FakeClock
  let api: MemoryApi
  let link: Link
  let logger: MemoryLogger
  let states: string[]
  let registration: LeaseRegistration

  beforeEach(() => {
    clock = new FakeClock()
    api = new MemoryApi({ clock })
    link = { delayMs: 0, cut: false, losesAnswers: false }
    logger = new MemoryLogger()
    states = []
    registration = make('pod-1')
  })

  afterEach(async () => {
    link.cut = false
    await registration.stop()
    assert.equal(clock.pendingTimers, 0)
  })

  function make(identity: string, client: Pick<ApiClient, 'create' | 'patch'> = api.client(link)): LeaseRegistration {
    const owner = { apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: 'u' }
    return new LeaseRegistration(
      { client, clock, random: () => 0, logger },
      {
        namespace: 'herald',
        name: 'herald-speaker-node-1',
        identity,
        labels: { a: 'b' },
        ownerReferences: [owner],
        onChange: state => states.push(state),
      },
    )
  }

  const lease = (): Lease | undefined => api.object<Lease>('herald/herald-speaker-node-1')

  it('creates the Lease and renews it every 10 s', async () => {
    registration.start()
    await clock.advanceAsync(0)
    assert.deepEqual(states, ['renewed'])
    assert.equal(lease()?.metadata?.ownerReferences?.[0]?.name, 'node-1')
    assert.deepEqual(lease()?.metadata?.labels, { a: 'b' })
    const versions = new Set<string | undefined>()
    for (let second = 0; second < 30; second++) {
      versions.add(lease()?.metadata?.resourceVersion)
      await clock.advanceAsync(1_000)
    }
    assert.equal(versions.size, 3)
    assert.deepEqual(lease()?.spec, {
      holderIdentity: 'pod-1',
      leaseDurationSeconds: 30,
      renewTime: '2026-01-01T00:00:30.000000Z',
    })
    assert.deepEqual(states, ['renewed'])
  })

  it('takes over the Lease of an earlier process at once', async () => {
    const earlier = make('pod-0')
    earlier.start()
    await clock.advanceAsync(0)
    registration.start()
    await clock.advanceAsync(0)
    assert.equal(lease()?.spec?.holderIdentity, 'pod-1')
    await earlier.stop()
    assert.equal(lease()?.spec?.holderIdentity, 'pod-1', 'what the newer holds is not given back by the older')
  })

  it('knows when it has run out, and when it is renewed again', async () => {
    registration.start()
    await clock.advanceAsync(0)
    link.cut = true
    await clock.advanceAsync(29_999)
    assert.equal(registration.held, true)
    assert.deepEqual(states, ['renewed'])
    await clock.advanceAsync(1)
    assert.equal(registration.held, false)
    assert.deepEqual(states, ['renewed', 'lost'])
    link.cut = false
    await clock.advanceAsync(12_000)
    assert.deepEqual(states, ['renewed', 'lost', 'renewed'])
    assert.equal(logger.count('warn', 'could not renew the lease'), 1)
  })

  it('goes on with the owner of another time where it may not change that', async () => {
    const { create, patch } = api.client(link)
    const earlier = make('pod-0')
    earlier.start()
    await clock.advanceAsync(0)
    await earlier.stop()
    registration = make('pod-1', {
      create,
      patch: async (resource, ref, body, options) => {
        if ((body as Lease).metadata?.ownerReferences) throw new ApiError('forbidden', 'no', { status: 403 })
        return await patch(resource, ref, body, options)
      },
    })
    registration.start()
    await clock.advanceAsync(0)
    assert.equal(lease()?.spec?.holderIdentity, 'pod-1')
  })

  it('creates the Lease again when someone deletes it', async () => {
    registration.start()
    await clock.advanceAsync(0)
    api.remove('herald/herald-speaker-node-1')
    await clock.advanceAsync(10_000)
    assert.equal(lease()?.spec?.holderIdentity, 'pod-1')
  })

  it('gives the Lease back when it stops, unless told to keep it', async () => {
    registration.start()
    await clock.advanceAsync(0)
    await registration.stop()
    assert.equal(lease()?.spec?.holderIdentity, '')
    const next = make('pod-2')
    next.start()
    await clock.advanceAsync(0)
    await next.stop({ release: false })
    assert.equal(lease()?.spec?.holderIdentity, 'pod-2')
  })
})
