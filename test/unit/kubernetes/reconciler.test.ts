import assert from 'node:assert/strict'
import { ApiError } from '../../../src/kubernetes/api-error.ts'
import { done, failed, type Outcome, rejected, reprocessAll, retryAfter } from '../../../src/kubernetes/outcome.ts'
import { Reconciler, type ReconcilerInit } from '../../../src/kubernetes/reconciler.ts'
import { FakeClock } from '../../support/io/fake-clock.ts'
import { MemoryLogger } from '../../support/kubernetes/driven.ts'

describe('Reconciler', () => {
  let clock: FakeClock
  let logger: MemoryLogger
  let reconciler: Reconciler
  let synced: PromiseWithResolvers<void>
  let ran: string[]
  let outcomes: Record<string, Outcome[]>
  let keys: string[]

  beforeEach(() => {
    clock = new FakeClock()
    logger = new MemoryLogger()
    synced = Promise.withResolvers()
    ran = []
    outcomes = {}
    keys = []
  })

  afterEach(async () => {
    await reconciler.stop()
    assert.equal(clock.pendingTimers, 0)
  })

  function start(init: Partial<ReconcilerInit> = {}): void {
    const ready = { whenSynced: () => Promise.resolve() }
    const sources = [ready, { whenSynced: () => synced.promise }]
    const reconcile = (key: string): Outcome => {
      ran.push(key)
      return outcomes[key]?.shift() ?? done
    }
    reconciler = new Reconciler(
      { clock, random: () => 0, logger, sources },
      { name: 'service', keys: () => keys, reconcile, backoff: { initialBackoffMs: 100 }, ...init },
    )
    reconciler.start()
  }

  async function begin(init: Partial<ReconcilerInit> = {}): Promise<void> {
    start(init)
    synced.resolve()
    await clock.advanceAsync(0)
  }

  async function enqueue(key: string): Promise<void> {
    reconciler.enqueue(key)
    await clock.advanceAsync(0)
  }

  it('runs nothing before all sources have synced', async () => {
    start()
    reconciler.enqueue('a')
    reconciler.enqueueAll()
    await clock.advanceAsync(60_000)
    assert.deepEqual(ran, [])
    assert.equal(reconciler.firstPassDone, false)
  })

  it('takes the keys of the first pass in their order, and what happens meanwhile after them', async () => {
    keys = ['c', 'a', 'b']
    let firstPasses = 0
    await begin({
      reconcile: async key => {
        if (ran.length === 0) reconciler.enqueue('later')
        assert.equal(reconciler.firstPassDone, key === 'later')
        ran.push(key)
        return done
      },
      onFirstPassDone: () => firstPasses++,
    })
    assert.deepEqual(ran, ['c', 'a', 'b', 'later'])
    assert.equal(firstPasses, 1)
  })

  it('is done with an empty first pass at once', async () => {
    await begin()
    assert.equal(reconciler.firstPassDone, true)
  })

  it('leaves a key alone that is done', async () => {
    await begin()
    await enqueue('a')
    await clock.advanceAsync(600_000)
    assert.deepEqual(ran, ['a'])
  })

  it('looks again after the time asked for', async () => {
    await begin()
    outcomes.a = [retryAfter(5_000)]
    await enqueue('a')
    await clock.advanceAsync(4_999)
    assert.equal(ran.length, 1)
    await clock.advanceAsync(1)
    assert.equal(ran.length, 2)
  })

  it('tries a failed key again, later each time, and forgets the failures with the first success', async () => {
    await begin()
    outcomes.a = [failed(new Error('1')), failed(new Error('2')), failed(new Error('3')), done, failed(new Error('4'))]
    await enqueue('a')
    await clock.advanceAsync(50 + 100 + 200)
    assert.equal(ran.length, 4)
    await enqueue('a')
    assert.equal(clock.nextTimerInMs, 50)
    assert.equal(logger.count('warn', 'reconcile failed, will be tried again'), 4)
  })

  it('takes an exception for a failure', async () => {
    await begin({
      reconcile: () => {
        throw new Error('bug')
      },
    })
    await enqueue('a')
    assert.equal(logger.count('warn'), 1)
    assert.equal(clock.nextTimerInMs, 50)
  })

  it('waits as long as the server asks, and says nothing of a missing permission that the client has named', async () => {
    await begin()
    outcomes.a = [
      failed(new ApiError('throttled', 'slow down', { status: 429, retryAfterMs: 3_000 })),
      failed(new ApiError('forbidden', 'no', { status: 403 })),
    ]
    await enqueue('a')
    assert.equal(clock.nextTimerInMs, 3_000)
    await clock.advanceAsync(3_000)
    assert.equal(logger.count('warn'), 1)
    assert.equal(ran.length, 2)
  })

  it('does not try a rejected key again before something happens to it', async () => {
    await begin()
    outcomes.a = [rejected('InvalidRange')]
    await enqueue('a')
    await clock.advanceAsync(600_000)
    assert.deepEqual(ran, ['a'])
    assert.equal(logger.lines.find(({ message }) => message.startsWith('rejected'))?.fields.reason, 'InvalidRange')
    await enqueue('a')
    assert.deepEqual(ran, ['a', 'a'])
  })

  it('reprocesses all keys in their order', async () => {
    keys = ['b', 'a', 'c']
    await begin()
    ran = []
    outcomes.a = [reprocessAll]
    await enqueue('a')
    assert.deepEqual(ran, ['a', 'b', 'c', 'a'])
  })

  it('works on as many keys at once as it may, and tells how each ended', async () => {
    keys = ['a', 'b', 'c']
    let running = 0
    let most = 0
    const ended: string[] = []
    await begin({
      concurrency: 2,
      reconcile: async () => {
        most = Math.max(most, ++running)
        await new Promise(resolve => setImmediate(resolve))
        running--
        return done
      },
      onOutcome: (key, outcome, durationMs) => ended.push(`${key} ${outcome.kind} ${durationMs}`),
    })
    for (let turn = 0; turn < 5; turn++) await clock.advanceAsync(0)
    assert.equal(most, 2)
    assert.deepEqual(ended, ['a done 0', 'b done 0', 'c done 0'])
  })

  it('waits in stop() for the reconcile under way, whose signal aborts', async () => {
    const held = Promise.withResolvers<Outcome>()
    let aborted = false
    await begin({
      reconcile: (_key, signal) => {
        signal.addEventListener('abort', () => {
          aborted = true
        })
        return held.promise
      },
    })
    await enqueue('a')
    let stopped = false
    const stopping = reconciler.stop().then(() => {
      stopped = true
    })
    await clock.advanceAsync(0)
    assert.deepEqual({ aborted, stopped }, { aborted: true, stopped: false })
    held.resolve(failed(new Error('aborted')))
    await stopping
    assert.equal(logger.count('warn'), 0)
  })
})
