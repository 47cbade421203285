import assert from 'node:assert/strict'
import { type ArpFrame, decodeArpFrame } from '../../../../src/arp/packet.ts'
import { MissingCapabilityError } from '../../../../src/io/capability-error.ts'
import { formatAddress } from '../../../../src/ip/address.ts'
import { BROADCAST_MAC } from '../../../../src/wire/mac-address.ts'
import { type LinkNode, LinkWorld } from '../../../support/io/link-world.ts'

/** two questions, 50 ms apart */
const ASKING_MS = 100

describe('LinkDriver, alone on a segment in memory', () => {
  let world: LinkWorld
  let node: LinkNode

  beforeEach(async () => {
    world = new LinkWorld({ nodes: 'a' })
    node = world.node('a')
    await world.start()
  })

  afterEach(() => assert.deepEqual(world.stop(), []))

  const frames = (): ArpFrame[] =>
    node.sent.flatMap(frame => {
      const decoded = decodeArpFrame(frame)
      return 'frame' in decoded ? [decoded.frame] : []
    })
  const broadcasts = () => frames().filter(({ destination }) => destination === BROADCAST_MAC)
  const probes = () =>
    broadcasts()
      .filter(({ senderProtocolAddress }) => senderProtocolAddress === 0)
      .map(({ targetProtocolAddress }) => text(targetProtocolAddress))
  const announcements = () =>
    broadcasts()
      .filter(({ senderProtocolAddress }) => senderProtocolAddress !== 0)
      .map(frame => `${frame.operation} ${text(frame.senderProtocolAddress)}`)
  const interfaces = [{ name: 'eth0', mac: '02:00:00:00:00:01', addresses: ['192.0.2.101/24'] }]
  const nothing = { interfaces, conflicts: [], sessions: [] }
  const unchanged = { ...nothing, announced: [], withdrawn: [] }

  it('asks twice, 50 ms apart, then claims, and answers from then on', async () => {
    world.desire({ '192.0.2.1': 'a' })
    assert.deepEqual(probes(), ['192.0.2.1'])
    await world.run(49)
    assert.equal(probes().length, 1)
    await world.run(1)
    assert.equal(probes().length, 2)
    await world.run(49)
    assert.equal(await world.askWho('192.0.2.1'), '')
    assert.deepEqual(announcements(), [])
    await world.run(1)
    assert.deepEqual(announcements(), ['1 192.0.2.1', '2 192.0.2.1'])
    assert.equal(await world.askWho('192.0.2.1'), 'a')
    assert.deepEqual(node.takeovers, [{ atMs: ASKING_MS, address: '192.0.2.1', interface: 'eth0', cause: 'elected' }])
  })

  it('reports together what happens at once, 5 ms later, with the wall clock', async () => {
    await world.run(5)
    assert.deepEqual(node.reports, [{ revision: 0, ...unchanged }])
    const sinceMs = world.clock.now() + ASKING_MS
    world.desire({ '192.0.2.1': 'a', '192.0.2.2': 'a', '2001:db8::1': 'a' })
    await world.run(ASKING_MS + 4)
    assert.deepEqual(node.reports.slice(1), [{ revision: 1, ...unchanged }])
    await world.run(2)
    const own = (address: string, at: number) => ({ address, interfaces: ['eth0'], sinceMs: at })
    // the second is asked for 0.2 ms after the first
    const announced = [own('192.0.2.1', sinceMs), own('192.0.2.2', sinceMs)]
    assert.deepEqual(node.reports.slice(2), [{ revision: 1, ...unchanged, announced }])
    await world.run(5_000)
    assert.equal(node.reports.length, 3, 'what has not changed is not told again')
  })

  it('reports of a thousand addresses the one that is given up, and it alone', async () => {
    const wishes = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, i) => [`198.51.${100 + (i >> 8)}.${i & 255}`, 'a']),
    )
    world.desire(wishes)
    await world.run(2_000)
    assert.equal(node.report?.announcements.length, 1_000)
    const before = node.reports.length
    const { '198.51.101.7': _, ...rest } = wishes
    world.desire(rest)
    await world.run(1_000)
    assert.deepEqual(
      node.reports.slice(before).map(({ announced, withdrawn }) => ({ announced, withdrawn })),
      [{ announced: [], withdrawn: ['198.51.101.7'] }],
    )
    assert.equal(node.report?.announcements.length, 999)
  })

  it('announces by the schedule and counts', async () => {
    world.desire({ '192.0.2.1': 'a' })
    await world.run(ASKING_MS + 199)
    assert.equal(announcements().length, 2)
    await world.run(1)
    assert.equal(announcements().length, 4)
    await world.run(59_800)
    assert.equal(announcements().length, 14)
    assert.equal(await world.askWho('192.0.2.1'), 'a')
    assert.equal(await world.askWho('192.0.2.2'), '')
    const { addresses, dropped, conflicts, stalls } = node.driver.counters()
    assert.deepEqual(addresses, [{ address: '192.0.2.1', requestsReceived: 1, responsesSent: 1, gratuitousSent: 14 }])
    assert.deepEqual(dropped, [{ interface: 'eth0', protocol: 'arp', reason: 'notAnnounced', count: 1 }])
    assert.deepEqual([conflicts, stalls], [0, 0])
  })

  it('is silent once the address is removed', async () => {
    world.desire({ '192.0.2.1': 'a' })
    await world.run(ASKING_MS)
    world.desire({})
    node.sent.length = 0
    assert.equal(await world.askWho('192.0.2.1'), '')
    await world.run(10_000)
    assert.deepEqual(node.sent, [])
    assert.deepEqual(node.driver.counters().addresses, [])
    assert.deepEqual(node.report, { revision: 2, ...nothing, announcements: [] })
  })

  it('is silent at once on interfaces that are not wanted any more', async () => {
    world.desire({ '192.0.2.1': 'a' })
    await world.run(ASKING_MS)
    world.desire({ '192.0.2.1': { order: 'a', interfaces: ['eth1'] } })
    assert.equal(await world.askWho('192.0.2.1'), '')
    await world.run(5)
    assert.deepEqual(node.report?.announcements, [])
  })

  it('closes the socket of an interface that fails, and asks again when it is back', async () => {
    world.desire({ '192.0.2.1': 'a' })
    await world.run(ASKING_MS)
    node.port.setUp(false)
    await world.run(5)
    assert.deepEqual(node.problems, ['eth0: ENETDOWN, poll'])
    assert.deepEqual([node.report?.interfaces, node.report?.announcements], [[], []])
    node.monitor.set([node.eth0({ up: false, running: false })])
    node.port.setUp(true)
    node.sent.length = 0
    node.monitor.set([node.eth0()])
    assert.deepEqual(probes(), ['192.0.2.1'])
    await world.run(ASKING_MS)
    assert.deepEqual(announcements(), ['1 192.0.2.1', '2 192.0.2.1'])
    assert.equal(await world.askWho('192.0.2.1'), 'a')
  })

  it('opens the socket again after a second when nothing changes', async () => {
    world.desire({ '192.0.2.1': 'a' })
    await world.run(ASKING_MS)
    node.port.setUp(false)
    await world.run(0)
    node.port.setUp(true)
    await world.run(999)
    assert.equal(node.port.openSockets, 0)
    await world.run(1 + ASKING_MS)
    assert.equal(await world.askWho('192.0.2.1'), 'a')
  })

  it('tries every second for as long as a packet socket cannot be opened', async () => {
    node.refuse = new Error('no buffer space')
    node.monitor.set([])
    node.monitor.set([node.eth0()])
    world.desire({ '192.0.2.1': 'a' })
    await world.run(2_500)
    assert.deepEqual(node.problems, Array(3).fill('eth0: no buffer space'))
    node.refuse = undefined
    await world.run(500 + ASKING_MS)
    assert.equal(await world.askWho('192.0.2.1'), 'a')
  })

  it('tries every second for as long as the liveness port cannot be opened, and needs no IPv6', async () => {
    node.kill()
    world = new LinkWorld({ nodes: 'a' })
    node = world.node('a')
    const inUse = Object.assign(new Error('address in use'), { code: 'EADDRINUSE' })
    const noSuchFamily = Object.assign(new Error('no IPv6'), { code: 'EAFNOSUPPORT' })
    node.host.refuse = ({ family }) => (family === 4 ? inUse : noSuchFamily)
    await world.start()
    await world.run(1_500)
    assert.deepEqual(node.problems, Array(2).fill(': address in use'))
    node.host.refuse = ({ family }) => (family === 4 ? undefined : noSuchFamily)
    await world.run(500)
    assert.equal(node.host.openSockets, 1)
    await world.run(5_000)
    assert.equal(node.problems.length, 2)
  })

  it('spreads what it asks and announces when it takes many addresses, and forgets what is removed meanwhile', async () => {
    const keys = Array.from({ length: 120 }, (_, last) => `192.0.2.${last + 1}`)
    const wishes = (some: string[]) => Object.fromEntries(some.map(key => [key, 'a']))
    world.desire(wishes(keys.filter(key => key !== '192.0.2.101')))
    await world.run(0)
    assert.equal(probes().length, 1)
    await world.run(10)
    assert.ok(probes().length > 45 && probes().length <= 51, `5,000 a second: ${probes().length}`)
    await world.run(ASKING_MS + 10)
    assert.equal(node.takeovers.length, 101)
    world.desire(wishes(['192.0.2.1', '192.0.2.120']))
    await world.run(ASKING_MS)
    assert.equal(announcements().at(-1), '2 192.0.2.120')
  })

  it('announces 50 addresses at a time, every 10 ms', async () => {
    const keys = Array.from({ length: 99 }, (_, last) => `192.0.2.${last + 1}`)
    world.desire(Object.fromEntries(keys.map(key => [key, 'a'])))
    await world.run(1_000)
    node.sent.length = 0
    node.driver.speakUp()
    assert.equal(announcements().length, 100)
    await world.run(9)
    assert.equal(announcements().length, 100)
    await world.run(1)
    assert.equal(announcements().length, 198)
  })

  it('counts only the announcements that the kernel took', async () => {
    world.desire({ '192.0.2.1': 'a' })
    await world.run(ASKING_MS - 1)
    node.port.setUp(false)
    // before the socket's error is heard
    world.clock.advance(1)
    assert.deepEqual(
      node.driver.counters().addresses.map(({ gratuitousSent }) => gratuitousSent),
      [0],
    )
  })

  it('does not go on without a capability', () => {
    node.monitor.set([])
    node.refuse = new MissingCapabilityError('opening a packet socket', 'NET_RAW', new Error('EPERM'))
    assert.throws(() => node.monitor.set([node.eth0()]), MissingCapabilityError)
    assert.deepEqual(node.problems, [])
  })

  it('asks again with a new MAC address, and announces it', async () => {
    world.desire({ '192.0.2.1': 'a' })
    await world.run(ASKING_MS)
    node.sent.length = 0
    node.port.mac = Uint8Array.of(2, 0, 0, 0, 0, 0x77)
    node.monitor.set([node.eth0()])
    await world.run(ASKING_MS)
    assert.deepEqual(probes(), ['192.0.2.1', '192.0.2.1'])
    assert.deepEqual(announcements(), ['1 192.0.2.1', '2 192.0.2.1'])
    assert.deepEqual(
      new Set(frames().map(({ senderHardwareAddress }) => senderHardwareAddress)),
      new Set([0x2000000_0077]),
    )
    assert.equal(await world.askWho('192.0.2.1'), 'a')
    await world.run(5)
    assert.equal(node.report?.interfaces[0]?.mac, '02:00:00:00:00:77')
  })

  it('leaves excluded interfaces, members of bridges and tunnels alone', async () => {
    for (const parts of [
      { name: 'veth1' },
      { masterIndex: 9 },
      { ethernet: false },
      { noArp: true },
      { running: false },
    ]) {
      node.monitor.set([node.eth0(parts)])
      await world.run(5)
      assert.deepEqual(node.report?.interfaces, [], JSON.stringify(parts))
      assert.equal(node.port.openSockets, 0)
      node.monitor.set([node.eth0()])
      await world.run(5)
      assert.equal(node.report?.interfaces.length, 1)
    }
  })

  it('leaves at once when there is nobody to hand over to', async () => {
    world.desire({ '192.0.2.1': 'a' })
    await world.run(ASKING_MS)
    node.driver.leave()
    assert.equal(node.leftAtMs, world.clock.monotonicMs())
    assert.equal(await world.askWho('192.0.2.1'), 'a', 'until it is stopped')
  })

  it('leaves no timer behind when it is stopped in the middle of everything', async () => {
    const keys = Array.from({ length: 200 }, (_, last) => `192.0.2.${last + 1}`)
    world.desire(Object.fromEntries(keys.map(key => [key, 'a'])))
    await world.run(1_000)
    node.driver.setRivals(keys)
    const pending = node.clock.pendingTimers
    node.kill()
    assert.ok(pending >= 4, `rivals, pace, announcer, stall guard: ${pending}`)
    assert.deepEqual(node.leftovers(), [])
  })

  it('leaves no timer behind when it is stopped while a socket waits to be opened again', async () => {
    node.kill()
    world = new LinkWorld({ nodes: 'a' })
    node = world.node('a')
    node.refuse = new Error('no buffer space')
    node.host.refuse = () => new Error('address in use')
    await world.start()
    world.desire({ '192.0.2.1': 'a' })
    node.kill()
    assert.deepEqual(node.leftovers(), [])
    await world.run(5_000)
    assert.equal(node.problems.length, 3, 'two ports of liveness and one interface, each once')
  })

  it('says once that it has left, whatever comes afterwards', async () => {
    world.desire({ '192.0.2.1': 'a' })
    await world.run(ASKING_MS)
    node.driver.leave()
    node.driver.speakUp()
    world.desire({})
    await world.run(1_000)
    assert.equal(node.leftCount, 1)
  })

  it('is silent once stopped, whatever it is told', async () => {
    world.desire({ '192.0.2.1': 'a' })
    await world.run(ASKING_MS)
    node.kill()
    node.sent.length = 0
    const reports = node.reports.length
    world.desire({ '192.0.2.1': 'a', '192.0.2.2': 'a' })
    node.driver.setStanding({ viewIsOld: true, apiReachable: false })
    node.driver.speakUp()
    node.driver.setRivals(['192.0.2.1'])
    node.driver.leave()
    node.monitor.set([])
    node.monitor.set([node.eth0()])
    assert.equal(await world.askWho('192.0.2.1'), '')
    await world.run(5_000)
    assert.deepEqual([node.sent, node.reports.length, node.leftCount], [[], reports, 0])
    assert.deepEqual(node.leftovers(), [])
  })
})

function text(value: number): string {
  return formatAddress({ family: 4, value })
}
