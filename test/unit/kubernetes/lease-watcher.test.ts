import assert from 'node:assert/strict'
import { type Lease, type LeaseView, viewLease } from '../../../src/kubernetes/lease-record.ts'
import { LeaseWatcher } from '../../../src/kubernetes/lease-watcher.ts'
import { leases } from '../../../src/kubernetes/resources.ts'
import { Store } from '../../../src/kubernetes/store.ts'
import { FakeClock } from '../../support/io/fake-clock.ts'
import { MemoryLogger } from '../../support/kubernetes/driven.ts'
import { type Link, MemoryApi } from '../../support/kubernetes/memory-api.ts'

describe('LeaseWatcher', () => {
  let clock: FakeClock
  let api: MemoryApi
  let store: Store<LeaseView>
  let link: Link
  let connected: boolean
  let listeners: Set<(connected: boolean) => void>
  let changes: string[]
  let watcher: LeaseWatcher

  beforeEach(() => {
    clock = new FakeClock()
    api = new MemoryApi({ clock })
    store = new Store()
    link = { delayMs: 0, cut: false, losesAnswers: false }
    connected = true
    listeners = new Set()
    changes = []
    const connection = {
      get connected() {
        return connected
      },
      onConnection: (listener: (connected: boolean) => void) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    }
    watcher = new LeaseWatcher(
      { store, connection, client: api.client(link), clock, logger: new MemoryLogger() },
      {
        namespace: 'herald',
        namePrefix: 'herald-speaker-',
        onChange: (name, state) => changes.push(`${name} ${state}`),
      },
    )
  })

  afterEach(async () => {
    await watcher.stop()
    assert.equal(clock.pendingTimers, 0)
    assert.equal(listeners.size, 0)
  })

  const direct = (): ReturnType<MemoryApi['client']> => api.client({ delayMs: 0, cut: false, losesAnswers: false })

  /** The speaker of this node renews; the watch brings it, unless it is late. */
  async function renew(node: string, { late = false, holder = 'pod' } = {}): Promise<void> {
    const ref = { namespace: 'herald', name: `herald-speaker-${node}` }
    const spec = { holderIdentity: holder, leaseDurationSeconds: 30, renewTime: `${clock.now()}` }
    const lease = api.object(`herald/${ref.name}`)
      ? await direct().patch<Lease>(leases, ref, { spec }, { kind: 'merge' })
      : await direct().create<Lease>(leases, { metadata: ref, spec } as Lease)
    if (!late) store.upsert(`herald/${ref.name}`, lease.metadata?.resourceVersion ?? '', viewLease(lease))
  }

  function connect(state: boolean): void {
    connected = state
    for (const listener of listeners) listener(state)
  }

  it('tells who is renewed and who has run out', async () => {
    watcher.start()
    await renew('a')
    await renew('b')
    for (let second = 0; second < 60; second += 10) {
      await clock.advanceAsync(10_000)
      await renew('a')
    }
    assert.deepEqual(changes, ['herald-speaker-a live', 'herald-speaker-b live', 'herald-speaker-b expired'])
    await renew('b')
    assert.equal(changes.at(-1), 'herald-speaker-b live')
  })

  it('does not know of those that it finds whether they live', async () => {
    await renew('a')
    await renew('b')
    watcher.start()
    assert.equal(watcher.state('herald-speaker-a'), 'unknown')
    await clock.advanceAsync(10_000)
    await renew('a')
    await clock.advanceAsync(20_000)
    assert.deepEqual(changes, ['herald-speaker-a live', 'herald-speaker-b expired'])
  })

  it('takes one that was given back or deleted for expired at once', async () => {
    watcher.start()
    await renew('a')
    await renew('a', { holder: '' })
    await renew('b')
    store.delete('herald/herald-speaker-b')
    assert.deepEqual(changes, [
      'herald-speaker-a live',
      'herald-speaker-a expired',
      'herald-speaker-b live',
      'herald-speaker-b expired',
    ])
    assert.equal(watcher.state('herald-speaker-b'), undefined)
  })

  it('leaves other Leases alone', async () => {
    watcher.start()
    store.upsert('herald/herald-controller', '1', {
      name: 'herald-controller',
      resourceVersion: '1',
      holder: 'x',
      durationSeconds: 1,
    })
    assert.equal(clock.pendingTimers, 0)
  })

  it('reads a Lease before it declares it expired: the watch may be late', async () => {
    watcher.start()
    await renew('a')
    await clock.advanceAsync(25_000)
    await renew('a', { late: true })
    await clock.advanceAsync(30_000)
    assert.deepEqual(changes, ['herald-speaker-a live'])
    await clock.advanceAsync(5_000)
    assert.deepEqual(changes, ['herald-speaker-a live', 'herald-speaker-a expired'])
  })

  it('judges nothing that it cannot read, and reads again', async () => {
    watcher.start()
    await renew('a')
    link.cut = true
    await clock.advanceAsync(200_000)
    assert.deepEqual(changes, ['herald-speaker-a live'])
    link.cut = false
    await clock.advanceAsync(21_000)
    assert.deepEqual(changes, ['herald-speaker-a live', 'herald-speaker-a expired'])
  })

  it('gives everyone the whole time again after it was cut off itself', async () => {
    watcher.start()
    await renew('a')
    await renew('b')
    connect(false)
    await clock.advanceAsync(100_000)
    connect(true)
    await clock.advanceAsync(29_000)
    await renew('a')
    assert.deepEqual(changes, ['herald-speaker-a live', 'herald-speaker-b live'])
    await clock.advanceAsync(1_000)
    assert.deepEqual(changes, ['herald-speaker-a live', 'herald-speaker-b live', 'herald-speaker-b expired'])
  })
})
