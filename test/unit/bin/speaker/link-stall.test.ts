import assert from 'node:assert/strict'
import { gratuitousFrames } from '../../../../src/arp/announcement.ts'
import { StallGuard } from '../../../../src/bin/speaker/link/stall-guard.ts'
import { FakeClock } from '../../../support/io/fake-clock.ts'
import { LinkWorld } from '../../../support/io/link-world.ts'
import { PausableClock } from '../../../support/io/pausable-clock.ts'

const key = '192.0.2.1'

describe('a LinkDriver whose process stands still', () => {
  let world: LinkWorld

  beforeEach(async () => {
    world = new LinkWorld({ nodes: 'ab' })
    await world.start()
    await world.run(1_000)
    world.desire({ [key]: 'ab' })
    await world.run(1_000)
    assert.equal(world.owners(key), 'a')
  })

  afterEach(() => assert.deepEqual(world.stop(), []))

  for (const first of ['packets', 'timers'] as const) {
    it(`answers nothing that waited, and asks for everything again; ${first} come first`, async () => {
      const a = world.node('a')
      a.pause()
      world.ask(key)
      await world.run(5_000)
      assert.equal(await world.askWho(key), 'b')
      a.sent.length = 0
      const answersBefore = world.answers.length
      world.ask(key)
      await a.resume(first)
      await world.run(0)
      const late = world.answers.slice(answersBefore).filter(({ from }) => from === 'a')
      assert.deepEqual(late, [])
      assert.deepEqual(
        a.stalls.map(gapMs => gapMs >= 5_000 && gapMs <= 5_100),
        [true],
        'noticed once',
      )
      assert.equal(a.driver.counters().stalls, 1)
      assert.ok(
        a.sent.every(frame => frame.subarray(28, 32).every(byte => byte === 0)),
        'it sends questions alone',
      )
      const seen = await world.watch(key, 2_000)
      assert.deepEqual(
        seen.filter(answers => answers.length > 1),
        [],
      )
      assert.equal(seen.at(-1), 'a', 'b yields when a asks')
    })
  }

  it('reports at once that it announces nothing any more', async () => {
    const a = world.node('a')
    a.pause()
    await world.run(400)
    await a.resume('timers')
    await world.run(5)
    assert.deepEqual(a.report?.announcements, [])
  })

  it('knows nothing of the others at first: liveness begins anew, and nobody is taken for dead', async () => {
    const b = world.node('b')
    b.pause()
    await world.run(2_000)
    const resumedMs = world.clock.now()
    b.sent.length = 0
    await b.resume('timers')
    await world.run(500)
    assert.deepEqual(b.sent, [], 'it asks for nothing')
    const [session] = b.report!.sessions
    assert.equal(session?.state, 'Up')
    assert.ok(session.sinceMs >= resumedMs, 'since it woke up')
    assert.deepEqual(b.takeovers, [])
    assert.equal(world.owners(key), 'a')
  })

  it('a shorter pause is no stall: what waited is answered', async () => {
    const a = world.node('a')
    a.pause()
    world.ask(key)
    await world.run(150)
    const before = world.answers.length
    await a.resume('packets')
    await world.run(0)
    assert.deepEqual(
      world.answers.slice(before).map(({ from }) => from),
      ['a'],
    )
    assert.deepEqual(a.stalls, [])
  })

  it('puts a late timer off once, so that an answer that waits unread is read before silence is believed', async () => {
    const a = world.node('a')
    world.node('b').kill()
    world.desire({})
    world.desire({ [key]: 'a' })
    await world.run(60)
    // the second question has been sent; while a stands still the answer of a stranger comes
    a.pause()
    await world.run(60)
    world.sendAsClient(0x0806, strangersClaim())
    await a.resume('timers')
    await world.run(100)
    assert.equal(a.takeovers.length, 1, 'of the beginning')
    assert.equal(a.report?.conflicts.length, 1)
    assert.equal(await world.askWho(key), '')
  })
})

describe('StallGuard', () => {
  let clock: FakeClock
  let process: PausableClock
  let gaps: number[]
  let guard: StallGuard

  beforeEach(() => {
    clock = new FakeClock()
    process = new PausableClock(clock)
    gaps = []
    guard = new StallGuard({ clock: process }, { limitMs: 300, onStall: gapMs => gaps.push(gapMs) })
    guard.start()
  })

  afterEach(() => {
    guard.stop()
    assert.equal(process.pendingTimers, 0)
  })

  it('does not take idleness for a stall', () => {
    clock.advance(100_000)
    assert.equal(guard.stalled(), false)
    assert.deepEqual(gaps, [])
  })

  it('allows for as much as the limit', () => {
    process.pause()
    clock.advance(300)
    process.resume()
    assert.deepEqual(gaps, [])
  })

  it('tells of a longer gap once: whoever asks first hears of it', () => {
    process.pause()
    clock.advance(301)
    assert.equal(guard.stalled(), true)
    assert.equal(guard.stalled(), false)
    process.resume()
    assert.deepEqual(gaps, [301])
  })

  it('finds it out by itself when nobody asks', () => {
    process.pause()
    clock.advance(1_000)
    process.resume()
    assert.deepEqual(gaps, [1_000])
  })

  it('does not count the time before start()', () => {
    const other = new FakeClock()
    const late = new StallGuard({ clock: other }, { limitMs: 300, onStall: gapMs => gaps.push(gapMs) })
    other.advance(10_000)
    late.start()
    assert.equal(late.stalled(), false)
    late.stop()
  })
})

function strangersClaim(): Uint8Array {
  return gratuitousFrames(0x0200_5e00_00aa, 0xc0000201)[0]!
}
