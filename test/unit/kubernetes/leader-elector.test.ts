import assert from 'node:assert/strict'
import fc from 'fast-check'
import { LeaderElector } from '../../../src/kubernetes/leader-elector.ts'
import type { Lease } from '../../../src/kubernetes/lease-record.ts'
import type { OwnerReference } from '../../../src/kubernetes/resources.ts'
import { FakeClock } from '../../support/io/fake-clock.ts'
import { MemoryLogger } from '../../support/kubernetes/driven.ts'
import { type Link, MemoryApi } from '../../support/kubernetes/memory-api.ts'

const leaseKey = 'herald/herald-controller'

interface Candidate {
  elector: LeaderElector
  link: Link
  events: string[]
}

describe('LeaderElector', () => {
  let clock: FakeClock
  let api: MemoryApi
  let candidates: Candidate[]

  beforeEach(() => {
    clock = new FakeClock()
    api = new MemoryApi({ clock })
    candidates = []
  })

  afterEach(async () => {
    for (const { elector, link } of candidates) {
      Object.assign(link, { cut: false, losesAnswers: false, delayMs: 0 })
      await elector.stop()
    }
    assert.equal(clock.pendingTimers, 0)
  })

  function add(identity: string, owner?: () => Promise<OwnerReference>): Candidate {
    const link: Link = { delayMs: 0, cut: false, losesAnswers: false }
    const events: string[] = []
    const elector = new LeaderElector(
      { client: api.client(link), clock, random: () => 0.5, logger: new MemoryLogger() },
      {
        namespace: 'herald',
        name: 'herald-controller',
        identity,
        owner,
        onAcquired: () => events.push('acquired'),
        onLost: reason => events.push(`lost: ${reason}`),
      },
    )
    const candidate = { elector, link, events }
    candidates.push(candidate)
    return candidate
  }

  async function start(identity: string): Promise<Candidate> {
    const candidate = add(identity)
    candidate.elector.start()
    await clock.advanceAsync(0)
    return candidate
  }

  const spec = (): Lease['spec'] => api.object<Lease>(leaseKey)?.spec

  it('creates the Lease, leads, and renews', async () => {
    const one = await start('one')
    assert.deepEqual(one.events, ['acquired'])
    assert.equal(one.elector.isLeader, true)
    assert.deepEqual(spec(), {
      holderIdentity: 'one',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    })
    await clock.advanceAsync(60_000)
    assert.equal(spec()?.renewTime, '2026-01-01T00:00:59.400000Z')
    assert.equal(spec()?.acquireTime, '2026-01-01T00:00:00.000000Z')
    assert.deepEqual(one.events, ['acquired'])
  })

  it('has the Lease go with its owner, and does not create it again once that is gone', async () => {
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'herald-controller', uid: 'u' }
    let isGone = false
    const owner = async () => {
      if (isGone) throw new Error('gone')
      return deployment
    }
    const [one, two] = [add('one', owner), add('two', owner)]
    for (const { elector } of [one, two]) elector.start()
    await clock.advanceAsync(0)
    assert.deepEqual(api.object<Lease>(leaseKey)?.metadata?.ownerReferences, [deployment])
    isGone = true
    api.remove(leaseKey)
    await clock.advanceAsync(20_000)
    assert.equal(api.object(leaseKey), undefined)
    assert.deepEqual([one.elector.isLeader, two.elector.isLeader], [false, false])
  })

  it('creates the Lease again, and goes on leading, when it goes with an owner of another time', async () => {
    const one = await start('one')
    api.remove(leaseKey)
    await clock.advanceAsync(20_000)
    assert.deepEqual(one.events, ['acquired'])
    assert.equal(one.elector.isLeader, true)
    assert.equal(spec()?.holderIdentity, 'one')
  })

  it('waits while another leads, and takes over when that gives the Lease back', async () => {
    const one = await start('one')
    const two = await start('two')
    await clock.advanceAsync(60_000)
    assert.equal(two.elector.leader, 'one')
    await one.elector.stop()
    assert.equal(spec()?.holderIdentity, '')
    await clock.advanceAsync(2_200)
    assert.deepEqual(two.events, ['acquired'])
    assert.deepEqual(one.events, ['acquired'], 'stop() is no loss')
    assert.equal(spec()?.leaseTransitions, 1)
  })

  it('stops to lead when it cannot renew, before another takes over', async () => {
    const one = await start('one')
    const two = await start('two')
    await clock.advanceAsync(5_000)
    one.link.cut = true
    await clock.advanceAsync(9_600)
    assert.equal(one.elector.isLeader, false)
    assert.deepEqual(one.events, ['acquired', 'lost: the lease could not be renewed for 10000 ms'])
    assert.equal(two.elector.isLeader, false)
    await clock.advanceAsync(8_000)
    assert.deepEqual(two.events, ['acquired'])
    one.link.cut = false
    await clock.advanceAsync(60_000)
    assert.equal(one.events.length, 2, 'it does not come back: the process ends')
  })

  it('judges another by its own clock, whatever time that one wrote', async () => {
    await start('one')
    const two = await start('two')
    clock.jumpWallClock(3_600_000)
    await clock.advanceAsync(30_000)
    assert.deepEqual(two.events, [])
  })

  it('waits the whole duration for a leader that it finds dead', async () => {
    const one = await start('one')
    one.link.cut = true
    await clock.advanceAsync(100_000)
    const two = await start('two')
    await clock.advanceAsync(14_900)
    assert.deepEqual(two.events, [])
    await clock.advanceAsync(3_000)
    assert.deepEqual(two.events, ['acquired'])
  })

  it('takes its own Lease up again at once after a restart', async () => {
    const before = await start('one')
    before.link.cut = true
    await clock.advanceAsync(1_000)
    const again = await start('one')
    assert.deepEqual(again.events, ['acquired'])
    assert.equal(spec()?.leaseTransitions, 0)
  })

  it('goes on leading when the answer to a renewal is lost, or the Lease was touched by someone', async () => {
    const one = await start('one')
    one.link.losesAnswers = true
    await clock.advanceAsync(2_300)
    one.link.losesAnswers = false
    await clock.advanceAsync(20_000)
    assert.deepEqual(one.events, ['acquired'])
    await api
      .client(one.link)
      .patch(
        {} as never,
        { namespace: 'herald', name: 'herald-controller' },
        { metadata: { labels: {} } },
        { kind: 'merge' },
      )
    await clock.advanceAsync(20_000)
    assert.equal(one.elector.isLeader, true)
  })

  it('stops to lead when someone else holds the Lease', async () => {
    const one = await start('one')
    await api
      .client(one.link)
      .patch(
        {} as never,
        { namespace: 'herald', name: 'herald-controller' },
        { spec: { holderIdentity: 'thief' } },
        { kind: 'merge' },
      )
    await clock.advanceAsync(3_000)
    assert.deepEqual(one.events, ['acquired', 'lost: the lease is held by "thief"'])
  })

  it('does not lead after a pause, even before its timers have fired', async () => {
    const one = await start('one')
    Object.defineProperty(clock, 'monotonicMs', { value: () => 11_000, configurable: true })
    assert.equal(one.elector.isLeader, false)
    delete (clock as { monotonicMs?: unknown }).monotonicMs
  })

  it('never has two leaders at once, whatever the links do', async () => {
    const link = fc.record({
      delayMs: fc.constantFrom(0, 0, 10, 900, 4_900),
      cut: fc.boolean(),
      losesAnswers: fc.boolean(),
    })
    const step = fc.record({ who: fc.nat(2), link, waitMs: fc.integer({ min: 1, max: 25_000 }) })
    let takeovers = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25, size: 'max' }), async steps => {
        clock = new FakeClock()
        api = new MemoryApi({ clock })
        candidates = []
        for (const identity of ['one', 'two', 'three']) await start(identity)
        for (const { who, link: next, waitMs } of steps) {
          Object.assign(candidates[who]!.link, next)
          for (let waited = 0; waited < waitMs; waited += 500) {
            await clock.advanceAsync(Math.min(500, waitMs - waited))
            const leaders = candidates.filter(({ elector }) => elector.isLeader)
            assert.ok(leaders.length <= 1, `${leaders.length} leaders`)
          }
          // one that lost ends, and is started anew, as Kubernetes does
          for (const [place, { events, elector }] of candidates.entries()) {
            if (!events.some(event => event.startsWith('lost'))) continue
            takeovers++
            await elector.stop()
            const identity = `again-${takeovers}`
            const fresh = add(identity)
            candidates.pop()
            Object.assign(fresh.link, candidates[place]!.link)
            candidates[place] = fresh
            fresh.elector.start()
          }
        }
        for (const { link: open } of candidates) Object.assign(open, { delayMs: 0, cut: false, losesAnswers: false })
        await clock.advanceAsync(40_000)
        assert.equal(candidates.filter(({ elector }) => elector.isLeader).length, 1, 'one leads in the end')
        await Promise.all(candidates.map(({ elector }) => elector.stop()))
        assert.equal(clock.pendingTimers, 0)
      }),
      { numRuns: 15 },
    )
    assert.ok(takeovers > 0, 'the links must have cost someone the lead')
  })
})
