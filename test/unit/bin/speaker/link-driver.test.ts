import assert from 'node:assert/strict'
import { type ArpFrame, ArpOperation, decodeArpFrame, encodeArpFrame } from '../../../../src/arp/packet.ts'
import { LinkDriver } from '../../../../src/bin/speaker/link/link-driver.ts'
import type { LinkReport } from '../../../../src/bin/speaker/link/link-messages.ts'
import { MissingCapabilityError } from '../../../../src/io/capability-error.ts'
import { formatAddress } from '../../../../src/ip/address.ts'
import type { WantedInterfaces } from '../../../../src/layer2/desired.ts'
import { BROADCAST_MAC } from '../../../../src/wire/mac-address.ts'
import { Reader } from '../../../../src/wire/reader.ts'
import { address } from '../../../support/addresses.ts'
import { FakeClock } from '../../../support/io/fake-clock.ts'
import { MemoryInterfaceMonitor, memoryInterface } from '../../../support/io/memory-interface-monitor.ts'
import { type MemoryPort, MemorySegment } from '../../../support/io/memory-segment.ts'

const nothingElse = () => new Promise(resolve => setImmediate(resolve))

describe('LinkDriver, on a segment in memory', () => {
  let clock: FakeClock
  let monitor: MemoryInterfaceMonitor
  let segment: MemorySegment
  let nodePort: MemoryPort
  let clientPort: MemoryPort
  let driver: LinkDriver
  let sent: ArpFrame[]
  let reports: LinkReport[]
  let problems: string[]
  let refuse: Error | undefined
  const abort = new AbortController()

  const eth0 = (parts: Partial<Parameters<typeof memoryInterface>[0]> = {}) =>
    memoryInterface({
      index: nodePort.interfaceIndex,
      name: 'eth0',
      mac: nodePort.mac,
      addresses: [{ address: address('192.0.2.100'), prefixLength: 24, scope: 'global', tentative: false }],
      ...parts,
    })
  const desire = (addresses: Record<string, WantedInterfaces>) =>
    driver.setDesired(
      new Map(
        Object.entries(addresses).map(([key, interfaces]) => [
          key,
          { address: address(key), interfaces, order: ['node-a'] },
        ]),
      ),
    )
  const announcements = () =>
    sent
      .filter(({ destination }) => destination === BROADCAST_MAC)
      .map(frame => `${frame.operation} ${text(frame.senderProtocolAddress)}`)
  const answers = () => sent.filter(({ destination }) => destination !== BROADCAST_MAC)
  const ask = async (target: string) => {
    sent.length = 0
    const mac = new Reader(clientPort.mac).uint48()
    const question = {
      destination: BROADCAST_MAC,
      source: mac,
      operation: ArpOperation.request,
      senderHardwareAddress: mac,
      senderProtocolAddress: Number(address('192.0.2.200').value),
      targetHardwareAddress: 0,
      targetProtocolAddress: Number(address(target).value),
    }
    const socket = clientPort.open({
      interfaceIndex: clientPort.interfaceIndex,
      etherType: 0x0806,
      onBatch() {},
      onError() {},
    })
    socket.send([encodeArpFrame(question)])
    await nothingElse()
    socket.close()
    return answers().map(({ senderProtocolAddress }) => text(senderProtocolAddress))
  }

  beforeEach(async () => {
    clock = new FakeClock()
    segment = new MemorySegment()
    nodePort = segment.addPort()
    clientPort = segment.addPort()
    sent = []
    reports = []
    problems = []
    refuse = undefined
    segment.onFrame((frame, from) => {
      const decoded = decodeArpFrame(frame)
      if (from === nodePort && 'frame' in decoded) sent.push(decoded.frame)
    })
    monitor = new MemoryInterfaceMonitor([eth0()])
    await monitor.start({ signal: abort.signal })
    driver = new LinkDriver(
      {
        clock,
        monitor,
        openPacketSocket: init => {
          if (refuse) throw refuse
          return nodePort.open(init)
        },
      },
      {
        excludedInterfaces: [/^veth/],
        onReport: report => reports.push(report),
        onProblem: (name, error) => problems.push(`${name}: ${error.message}`),
      },
    )
    driver.start()
  })

  afterEach(() => {
    driver.stop()
    assert.equal(clock.pendingTimers, 0)
    assert.equal(nodePort.openSockets, 0)
  })

  it('reports interfaces, and announcements with the wall clock', () => {
    desire({ '192.0.2.1': 'all', '2001:db8::1': 'all' })
    assert.deepEqual(reports, [
      { interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', addresses: ['192.0.2.100/24'] }], announcements: [] },
      {
        interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', addresses: ['192.0.2.100/24'] }],
        announcements: [{ address: '192.0.2.1', interfaces: ['eth0'], sinceMs: clock.now() }],
      },
    ])
  })

  it('announces by the schedule and answers', async () => {
    desire({ '192.0.2.1': 'all' })
    assert.deepEqual(announcements(), ['1 192.0.2.1', '2 192.0.2.1'])
    clock.advance(200)
    assert.equal(announcements().length, 4)
    clock.advance(59_800)
    assert.equal(announcements().length, 14)
    assert.deepEqual(await ask('192.0.2.1'), ['192.0.2.1'])
    assert.deepEqual(await ask('192.0.2.2'), [])
    assert.deepEqual(driver.counters(), {
      addresses: [{ address: '192.0.2.1', requestsReceived: 1, responsesSent: 1, gratuitousSent: 14 }],
      dropped: [{ interface: 'eth0', reason: 'notAnnounced', count: 1 }],
    })
  })

  it('is silent once the address is withdrawn', async () => {
    desire({ '192.0.2.1': 'all' })
    desire({})
    assert.deepEqual(await ask('192.0.2.1'), [])
    assert.deepEqual(driver.counters().addresses, [])
    assert.equal(clock.pendingTimers, 0)
  })

  it('closes the socket of an interface that fails, and opens it again when the interfaces change', async () => {
    desire({ '192.0.2.1': 'all' })
    nodePort.setUp(false)
    await nothingElse()
    assert.deepEqual(problems, ['eth0: ENETDOWN, poll'])
    assert.deepEqual(reports.at(-1), { interfaces: [], announcements: [] })
    monitor.set([eth0({ up: false, running: false })])
    nodePort.setUp(true)
    sent.length = 0
    monitor.set([eth0()])
    assert.deepEqual(announcements(), ['1 192.0.2.1', '2 192.0.2.1'])
    assert.deepEqual(await ask('192.0.2.1'), ['192.0.2.1'])
  })

  it('tries again after a second when a socket cannot be opened', async () => {
    refuse = new Error('no buffer space')
    monitor.set([])
    monitor.set([eth0()])
    desire({ '192.0.2.1': 'all' })
    assert.deepEqual(problems, ['eth0: no buffer space'])
    assert.deepEqual(announcements(), [])
    refuse = undefined
    clock.advance(1_000)
    assert.deepEqual(announcements(), ['1 192.0.2.1', '2 192.0.2.1'])
  })

  it('spreads what it announces when it takes over many addresses, and forgets what is withdrawn meanwhile', () => {
    const many = Object.fromEntries(Array.from({ length: 120 }, (_, last) => [`192.0.2.${last + 1}`, 'all' as const]))
    desire(many)
    assert.equal(announcements().length, 100)
    clock.advance(10)
    assert.equal(announcements().length, 200)
    desire({ '192.0.2.1': 'all', '192.0.2.120': 'all' })
    clock.advance(10)
    assert.equal(announcements().length, 202)
    assert.equal(announcements().at(-1), '2 192.0.2.120')
    clock.advance(180)
    assert.equal(announcements().length, 206, 'the first repetition of both')
  })

  it('counts only the announcements that the kernel took', () => {
    nodePort.setUp(false)
    desire({ '192.0.2.1': 'all' })
    assert.equal(driver.counters().addresses[0]?.gratuitousSent, 0)
    nodePort.setUp(true)
  })

  it('does not go on without a capability', () => {
    monitor.set([])
    refuse = new MissingCapabilityError('opening a packet socket', 'NET_RAW', new Error('EPERM'))
    assert.throws(() => monitor.set([eth0()]), MissingCapabilityError)
    assert.deepEqual(problems, [])
  })

  it('announces a new MAC address at once', async () => {
    desire({ '192.0.2.1': 'all' })
    sent.length = 0
    monitor.set([eth0({ mac: Uint8Array.of(2, 0, 0, 0, 0, 0x77) })])
    assert.deepEqual(
      sent.map(({ senderHardwareAddress }) => senderHardwareAddress),
      [0x02_00_00_00_00_77, 0x02_00_00_00_00_77],
    )
    assert.equal(reports.at(-1)?.interfaces[0]?.mac, '02:00:00:00:00:77')
  })

  it('leaves excluded interfaces, members of bridges and tunnels alone', () => {
    for (const parts of [
      { name: 'veth1' },
      { masterIndex: 9 },
      { ethernet: false },
      { noArp: true },
      { running: false },
    ]) {
      monitor.set([eth0(parts)])
      assert.deepEqual(reports.at(-1)?.interfaces, [], JSON.stringify(parts))
      monitor.set([eth0()])
    }
  })
})

function text(value: number): string {
  return formatAddress({ family: 4, value })
}
