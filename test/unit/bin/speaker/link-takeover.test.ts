import assert from 'node:assert/strict'
import { gratuitousFrames } from '../../../../src/arp/announcement.ts'
import { arpProbe } from '../../../../src/arp/probe.ts'
import { nodeHash } from '../../../../src/layer2/node-hash.ts'
import { LinkWorld, macOf } from '../../../support/io/link-world.ts'

const key = '192.0.2.1'
const ETHERTYPE_ARP = 0x0806

describe('LinkDrivers of several nodes on one segment', () => {
  let world: LinkWorld

  beforeEach(async () => {
    world = new LinkWorld({ nodes: 'abc' })
    await world.start()
    // sessions come up
    await world.run(1_000)
  })

  afterEach(() => assert.deepEqual(world.stop(), []))

  const owned = async (order = 'abc') => {
    world.desire({ [key]: order })
    await world.run(1_000)
    assert.equal(world.owners(key), order[0])
  }
  /** How often in a row nobody answered, in milliseconds, at the longest. */
  const longestSilence = (seen: readonly string[]) =>
    Math.max(
      0,
      ...seen
        .join(',')
        .split(/[a-z]+/)
        .map(gap => (gap.match(/,/g)?.length ?? 1) - 1),
    ) * 5
  const assertNeverTwo = (seen: readonly string[]) =>
    assert.deepEqual(
      seen.filter(answers => answers.length > 1),
      [],
    )

  it('watch each other: those that come after watch those before', async () => {
    await owned()
    const states = (letter: string) => world.node(letter).report?.sessions.map(({ node, state }) => `${node} ${state}`)
    assert.deepEqual(states('a'), [])
    assert.deepEqual(states('b'), ['node-a Up'])
    assert.deepEqual(states('c'), ['node-a Up', 'node-b Up'])
  })

  it('the first alone takes an address', async () => {
    world.desire({ [key]: 'abc' })
    const seen = await world.watch(key, 1_000)
    assertNeverTwo(seen)
    assert.deepEqual([...new Set(seen)], ['', 'a'])
  })

  it('the next takes over when the owner dies: it asks as soon as liveness is lost, then claims', async () => {
    await owned()
    const diedMs = world.clock.monotonicMs()
    world.node('a').kill()
    const seen = await world.watch(key, 1_000)
    assertNeverTwo(seen)
    assert.equal(seen.at(-1), 'b')
    const [takeover] = world.node('b').takeovers
    assert.ok(takeover)
    assert.deepEqual([takeover.address, takeover.interface, takeover.cause], [key, 'eth0', 'failure'])
    // 300 ms without a packet, after the last that came up to 100 ms before the death; twice 50 ms of asking
    const afterMs = takeover.atMs - diedMs
    assert.ok(afterMs >= 300 && afterMs <= 405, String(afterMs))
    assert.ok(takeover.afterMs! >= 400 && takeover.afterMs! <= 410, String(takeover.afterMs))
    await world.run(200)
    assert.equal(world.owners(key), 'b')
    assert.deepEqual(
      world.node('b').report?.sessions.map(({ state }) => state),
      ['Down'],
    )
  })

  it('the third takes over when both before it die', async () => {
    await owned()
    world.node('a').kill()
    world.node('b').kill()
    await world.run(450)
    assert.equal(await world.askWho(key), 'c')
    assert.deepEqual(
      world.node('c').takeovers.map(({ cause }) => cause),
      ['failure'],
    )
  })

  it('nobody takes over while the owner is only cut off from the liveness network: its answer on the segment counts', async () => {
    await owned()
    world.udp.passes = (from, to) => from !== world.node('a').host && to !== world.node('a').host
    const seen = await world.watch(key, 3_000)
    assert.deepEqual([...new Set(seen)], ['a'])
    assert.deepEqual(world.node('b').takeovers, [])
  })

  it('hand over by a changed order, without a moment in which both answer', async () => {
    await owned()
    world.desire({ [key]: 'bac' })
    const seen = await world.watch(key, 500)
    assertNeverTwo(seen)
    assert.equal(seen.at(-1), 'b')
    assert.ok(longestSilence(seen) <= 110, `${longestSilence(seen)} ms`)
    assert.deepEqual(
      world.node('b').takeovers.map(({ cause, afterMs }) => [cause, afterMs]),
      [['elected', undefined]],
    )
    assert.equal(world.owners(key), 'b')
  })

  it('hand over when the new owner learns of the order a second before the old one', async () => {
    await owned()
    world.node('b').desire({ [key]: 'bac' })
    assert.deepEqual([...new Set(await world.watch(key, 1_000))], ['a'])
    world.node('a').desire({ [key]: 'bac' })
    const seen = await world.watch(key, 3_000)
    assertNeverTwo(seen)
    assert.equal(seen.at(-1), 'b')
  })

  it('an owner whom the order does not name any more keeps the address until another asks', async () => {
    await owned()
    world.node('a').desire({ [key]: 'bc' })
    assert.deepEqual([...new Set(await world.watch(key, 1_000))], ['a'])
    world.node('b').desire({ [key]: 'bc' })
    await world.run(200)
    assert.equal(await world.askWho(key), 'b')
  })

  it('fail back when the first is there again', async () => {
    await owned()
    // its process stands still for so long that the others take over
    const a = world.node('a')
    a.pause()
    await world.run(1_000)
    assert.equal(await world.askWho(key), 'b')
    await a.resume('timers')
    const seen = await world.watch(key, 3_000)
    assertNeverTwo(seen)
    assert.equal(seen.at(-1), 'a')
    assert.equal(world.owners(key), 'a')
    assert.ok(longestSilence(seen) <= 110, `${longestSilence(seen)} ms`)
  })

  it('a node that leaves hands over at once, and says so when another has asked', async () => {
    await owned()
    const a = world.node('a')
    const beganMs = world.clock.monotonicMs()
    a.driver.leave()
    const seen = await world.watch(key, 1_000)
    assertNeverTwo(seen)
    assert.equal(seen.at(-1), 'b')
    assert.ok(a.leftAtMs! - beganMs < 5, 'b asks as soon as it hears the goodbye')
    assert.ok(longestSilence(seen) <= 110, `${longestSilence(seen)} ms`)
    assert.equal(world.owners(key), 'b')
    await world.run(1_000)
    assert.equal(a.leftCount, 1, 'told once')
  })

  it('a node that leaves answers for as long as nobody has asked, and does not say that it has left', async () => {
    await owned()
    const a = world.node('a')
    // its goodbye is lost
    world.udp.passes = from => from !== a.host
    a.driver.leave()
    assert.deepEqual([...new Set(await world.watch(key, 195))], ['a'])
    assert.equal(a.leftCount, 0)
    const seen = await world.watch(key, 1_000)
    assertNeverTwo(seen)
    assert.equal(seen.at(-1), 'b')
    assert.equal(a.leftCount, 1)
    const { atMs } = world.node('b').takeovers[0]!
    assert.ok(Math.abs(atMs - 100 - a.leftAtMs!) < 1, 'left with the first of the two questions')
  })

  it('a node that leaves hands over to one that only inquires, because the API server does not answer', async () => {
    await owned()
    const a = world.node('a')
    world.node('b').driver.setStanding({ viewIsOld: false, apiReachable: false })
    a.driver.leave()
    const seen = await world.watch(key, 1_000)
    assertNeverTwo(seen)
    assert.equal(seen.at(-1), 'b')
    assert.equal(a.leftCount, 1)
    assert.ok(longestSilence(seen) <= 110, `${longestSilence(seen)} ms`)
  })

  it('a goodbye is not a death: those who are left say AdminDown', async () => {
    await owned()
    world.node('a').driver.leave()
    await world.run(1_000)
    assert.deepEqual(
      world.node('b').report?.sessions.map(({ node, state }) => `${node} ${state}`),
      ['node-a AdminDown'],
    )
  })

  it('settle it when both sides of a parted segment have claimed', async () => {
    await owned()
    const [a, b] = [world.node('a'), world.node('b')]
    const apart = (x: unknown, y: unknown) => x !== y && [x, y].includes(a.port)
    world.segment.passes = (_frame, from, to) => !apart(from, to) || from === world.client || to === world.client
    world.udp.passes = (from, to) => from === to || ![from, to].includes(a.host)
    await world.run(1_000)
    assert.deepEqual(world.owners(key), 'ab')
    world.segment.passes = () => true
    world.udp.passes = () => true
    await world.run(3_000)
    assert.equal(world.owners(key).length, 1)
    assert.equal((await world.askWho(key)).length, 1)
    await world.run(10_000)
    assert.equal(world.owners(key), 'a', 'the order decides in the end')
    assert.equal(b.report?.announcements.length, 0)
  })

  it('a stranger that holds the address is reported, and left alone; when it has gone the address is claimed', async () => {
    const frames = gratuitousFrames(macOf(world.client), 0xc0000201)
    let holds = true
    world.segment.onFrame((frame, from) => {
      // the stranger answers every question for the address
      if (!holds || from === world.client || frame[21] !== 1 || frame[41] !== 1) return
      queueMicrotask(() => world.sendAsClient(ETHERTYPE_ARP, frames[1]!))
    })
    world.desire({ [key]: 'abc' })
    await world.run(10)
    const a = world.node('a')
    const sinceMs = a.report?.conflicts[0]?.sinceMs
    assert.deepEqual(a.report?.conflicts, [{ address: key, interface: 'eth0', mac: '02:00:00:00:00:04', sinceMs }])
    await world.run(20_000)
    assert.deepEqual(a.report?.announcements, [])
    assert.deepEqual(a.report?.conflicts[0]?.sinceMs, sinceMs, 'still the same conflict')
    assert.equal(a.driver.counters().conflicts, 1)
    assert.deepEqual(a.takeovers, [])
    holds = false
    await world.run(5_200)
    assert.equal(world.owners(key), 'a')
    assert.deepEqual(a.report?.conflicts, [])
    assert.deepEqual(
      a.takeovers.map(({ cause }) => cause),
      ['conflictOver'],
    )
  })

  it('a stranger that begins to claim an address in use is told once in ten seconds, reported, and forgotten in the end', async () => {
    await owned()
    const a = world.node('a')
    a.sent.length = 0
    for (let second = 0; second < 25; second++) {
      world.sendAsClient(ETHERTYPE_ARP, gratuitousFrames(macOf(world.client), 0xc0000201)[0]!)
      await world.run(1_000)
    }
    assert.deepEqual(
      a.report?.conflicts.map(({ mac }) => mac),
      ['02:00:00:00:00:04'],
    )
    assert.equal(world.owners(key), 'a')
    // at 0, 10, 20 s, and on schedule after 3 and 10 s, two frames each
    assert.ok(a.sent.length >= 6 && a.sent.length <= 12, `${a.sent.length} frames`)
    await world.run(31_000)
    assert.deepEqual(a.report?.conflicts, [])
  })

  it('a stranger that asks whether an address in use is free is answered', async () => {
    await owned()
    world.sendAsClient(ETHERTYPE_ARP, arpProbe(macOf(world.client), 0xc0000201))
    await world.run(0)
    assert.equal(world.answers.at(-1)?.from, 'a')
    assert.equal(world.owners(key), 'a')
  })

  it('announce what has rivals four times a second, for as long as it has', async () => {
    await owned()
    await world.run(100_000)
    const { sent, driver } = world.node('a')
    sent.length = 0
    driver.setRivals([key])
    assert.equal(sent.length, 2)
    await world.run(750)
    assert.equal(sent.length, 8)
    driver.setRivals([key])
    assert.equal(sent.length, 10)
    driver.setRivals([])
    await world.run(10_000)
    assert.equal(sent.length, 10)
  })

  it('speak up for all that is owned when asked to', async () => {
    world.desire({ '192.0.2.1': 'abc', '192.0.2.2': 'abc', '192.0.2.3': 'bac' })
    await world.run(100_000)
    const { sent, driver } = world.node('a')
    sent.length = 0
    driver.speakUp()
    assert.deepEqual(
      sent.map(frame => frame[31]),
      [1, 1, 2, 2],
    )
  })

  it('one with an old view hands over to any registered speaker that asks, and deposes nobody', async () => {
    await owned()
    world.node('a').driver.setStanding({ viewIsOld: true, apiReachable: false })
    world.node('b').desire({ [key]: 'bac' })
    const seen = await world.watch(key, 1_000)
    assertNeverTwo(seen)
    assert.equal(seen.at(-1), 'b')
    const more = await world.watch(key, 3_000)
    assert.deepEqual([...new Set(more)], ['b'])
  })

  it('of two that begin at once one claims, the one with the lower hash', async () => {
    world.node('a').desire({ [key]: 'abc' })
    world.node('b').desire({ [key]: 'bac' })
    const seen = await world.watch(key, 1_000)
    assertNeverTwo(seen)
    assert.equal(seen.find(Boolean), nodeHash('node-a', key) < nodeHash('node-b', key) ? 'a' : 'b')
  })

  it('300 addresses are taken over one after the other, the last in the order of asking', async () => {
    const keys = Array.from({ length: 300 }, (_, n) => `198.51.${100 + Math.floor(n / 250)}.${(n % 250) + 1}`)
    world.desire(Object.fromEntries(keys.map(each => [each, 'abc'])))
    await world.run(500)
    assert.equal(world.node('a').takeovers.length, 300)
    const diedMs = world.clock.monotonicMs()
    world.node('a').kill()
    await world.run(1_000)
    const { takeovers } = world.node('b')
    assert.equal(takeovers.length, 300)
    assert.ok(takeovers.at(-1)!.atMs - diedMs <= 400 + 300 * 0.2 + 10, `${takeovers.at(-1)!.atMs - diedMs}`)
    assert.equal(world.node('c').takeovers.length, 0)
  })
})
