import assert from 'node:assert/strict'
import { type ArpFrame, ArpOperation, decodeArpFrame, ETHERTYPE_ARP, encodeArpFrame } from '../../../src/arp/packet.ts'
import { LinkWorker } from '../../../src/bin/speaker/link/link-worker.ts'
import { SystemClock } from '../../../src/io/clock.ts'
import { openPacketSocket, type SystemPacketSocket } from '../../../src/io/packet-socket.ts'
import type { DesiredSet, WantedInterfaces } from '../../../src/layer2/desired.ts'
import { BROADCAST_MAC, type MacAddress } from '../../../src/wire/mac-address.ts'
import { Reader } from '../../../src/wire/reader.ts'
import { address } from '../../support/addresses.ts'
import { until } from '../../support/io/until.ts'
import { canMakeNamespaces, connectByVeth, NetworkNamespace } from '../../support/netns.ts'
import { Reported, type WholeReport } from '../../support/reported.ts'

const announced = '192.0.2.1'

/** A client's network card: sends ARP, and keeps what it hears. */
class Station {
  readonly heard: ArpFrame[] = []
  readonly mac: MacAddress
  readonly #socket: SystemPacketSocket

  constructor(namespace: NetworkNamespace, name: string) {
    this.mac = new Reader(namespace.mac(name)).uint48()
    this.#socket = namespace.enter(() =>
      openPacketSocket({
        interfaceIndex: namespace.interfaceIndex(name),
        etherType: ETHERTYPE_ARP,
        onBatch: batch => {
          for (let i = 0; i < batch.count; i++) {
            const decoded = decodeArpFrame(batch.frame(i))
            if ('frame' in decoded) this.heard.push(decoded.frame)
          }
        },
        onError: () => {},
      }),
    )
  }

  ask(target: string): void {
    const question = {
      destination: BROADCAST_MAC,
      source: this.mac,
      operation: ArpOperation.request,
      senderHardwareAddress: this.mac,
      senderProtocolAddress: numberOf('192.0.2.200'),
      targetHardwareAddress: 0,
      targetProtocolAddress: numberOf(target),
    }
    this.#socket.send([encodeArpFrame(question)])
  }

  /** Answers, as opposed to announcements. */
  get answers(): ArpFrame[] {
    return this.heard.filter(({ destination }) => destination === this.mac)
  }

  get announcements(): ArpFrame[] {
    return this.heard.filter(
      ({ destination, senderProtocolAddress }) => destination === BROADCAST_MAC && senderProtocolAddress !== 0,
    )
  }

  forget(): void {
    this.heard.length = 0
  }

  close(): void {
    this.#socket.close()
  }
}

describe('link thread, over a veth pair', () => {
  let node: NetworkNamespace
  let client: NetworkNamespace
  let station: Station
  let worker: LinkWorker
  let reported: Reported
  let report: WholeReport | undefined
  let died: Error | undefined
  let revision = 0
  const problems: string[] = []
  const desire = (wanted: DesiredSet) => worker.setDesired(wanted, ++revision)

  before(function () {
    if (canMakeNamespaces()) return
    console.log('      skipped: network namespaces need root')
    this.skip()
  })

  beforeEach(async () => {
    node = new NetworkNamespace('node')
    client = new NetworkNamespace('client')
    connectByVeth({ namespace: node, interfaceName: 'eth0' }, { namespace: client, interfaceName: 'uplink' })
    node.ip('address add 192.0.2.100/24 dev eth0')
    station = new Station(client, 'uplink')
    reported = new Reported()
    report = undefined
    died = undefined
    problems.length = 0
    worker = new LinkWorker(
      { clock: new SystemClock() },
      {
        url: new URL('../../../src/bin/link-thread.ts', import.meta.url),
        node: 'node-a',
        excludedInterfaces: ['^lo$', '^veth'],
        liveness: { port: 7946, intervalMs: 100, multiplier: 3 },
        timings: {},
        onReport: next => {
          report = reported.add(next)
        },
        onTakeovers: () => {},
        onStall: gapMs => problems.push(`stalled for ${gapMs} ms`),
        onProblem: ({ message }) => problems.push(message),
        onDied: error => {
          died = error
        },
      },
    )
    // A new thread begins in the namespace of the one that makes it.
    await node.enter(() => worker.start())
    await until('a report', () => report !== undefined)
  })

  afterEach(async () => {
    await worker.stop()
    station.close()
    node.remove()
    client.remove()
    assert.equal(died, undefined)
  })

  it('reports the usable interfaces', () => {
    const [eth0, ...others] = report!.interfaces
    assert.deepEqual(others, [])
    assert.equal(eth0!.name, 'eth0')
    assert.match(eth0!.mac, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/)
    assert.ok(eth0!.addresses.includes('192.0.2.100/24'))
    assert.ok(worker.alive)
  })

  it('announces what it claims by both gratuitous forms, and again 200 ms later', async () => {
    desire(desired('all'))
    await until('the second burst', () => station.announcements.length >= 4)
    const mac = new Reader(node.mac('eth0')).uint48()
    const common = {
      destination: BROADCAST_MAC,
      source: mac,
      senderHardwareAddress: mac,
      senderProtocolAddress: numberOf(announced),
      targetProtocolAddress: numberOf(announced),
    }
    const burst = [
      { ...common, operation: ArpOperation.request, targetHardwareAddress: 0 },
      { ...common, operation: ArpOperation.reply, targetHardwareAddress: mac },
    ]
    assert.deepEqual(station.announcements.slice(0, 4), [...burst, ...burst])
    await until('a report', () => report!.announcements.length === 1)
    assert.deepEqual(
      report!.announcements.map(({ address, interfaces }) => ({ address, interfaces })),
      [{ address: announced, interfaces: ['eth0'] }],
    )
  })

  it('answers for what is announced, and for nothing else', async () => {
    desire(desired('all'))
    await until('an announcement', () => station.announcements.length > 0)
    station.ask('192.0.2.2')
    station.ask(announced)
    await until('an answer', () => station.answers.length > 0)
    const mac = new Reader(node.mac('eth0')).uint48()
    assert.deepEqual(station.answers, [
      {
        destination: station.mac,
        source: mac,
        operation: ArpOperation.reply,
        senderHardwareAddress: mac,
        senderProtocolAddress: numberOf(announced),
        targetHardwareAddress: station.mac,
        targetProtocolAddress: numberOf('192.0.2.200'),
      },
    ])
    const counters = await worker.counters()
    assert.deepEqual(
      counters?.addresses.map(({ address, requestsReceived, responsesSent }) => [
        address,
        requestsReceived,
        responsesSent,
      ]),
      [[announced, 1, 1]],
    )
    assert.ok((counters?.addresses[0]?.gratuitousSent ?? 0) >= 2)
    assert.equal(counters?.dropped.find(({ reason }) => reason === 'notAnnounced')?.count, 1)
  })

  it('falls silent when the address is withdrawn', async () => {
    desire(desired('all'))
    await until('an announcement', () => station.announcements.length > 0)
    desire(new Map())
    await until('a report', () => report!.announcements.length === 0)
    station.forget()
    station.ask(announced)
    // The kernel's own answer, for its own address, proves that the question before it was heard.
    station.ask('192.0.2.100')
    await until('an answer', () => station.answers.length > 0)
    assert.deepEqual(
      station.answers.map(({ senderProtocolAddress }) => senderProtocolAddress),
      [numberOf('192.0.2.100')],
    )
  })

  it('leaves interfaces alone that are not asked for', async () => {
    connectByVeth({ namespace: node, interfaceName: 'eth1' }, { namespace: client, interfaceName: 'second' })
    await until('a report', () => report!.interfaces.length === 2)
    const second = new Station(client, 'second')
    desire(desired(['eth1']))
    await until('the second interface', () => second.announcements.length > 0)
    station.ask(announced)
    second.ask(announced)
    await until('the second interface', () => second.answers.length > 0)
    assert.deepEqual(station.heard, [])
    second.close()
  })

  it('announces and answers on an interface that was deleted and came back', async () => {
    desire(desired('all'))
    await until('an announcement', () => station.announcements.length > 0)
    node.ip('link delete eth0')
    await until('a report', () => report!.interfaces.length === 0)
    assert.deepEqual(report!.announcements, [])
    station.close()
    connectByVeth({ namespace: node, interfaceName: 'eth0' }, { namespace: client, interfaceName: 'uplink' })
    station = new Station(client, 'uplink')
    await until('a report', () => report!.announcements.length === 1)
    station.ask(announced)
    await until('an answer', () => station.answers.length > 0)
    assert.equal(station.answers[0]!.senderHardwareAddress, new Reader(node.mac('eth0')).uint48())
  })

  it('announces a changed MAC address', async () => {
    desire(desired('all'))
    await until('an announcement', () => station.announcements.length > 0)
    node.ip('link set eth0 address 02:00:00:00:00:77')
    const mac = 0x02_00_00_00_00_77
    await until('the new MAC', () =>
      station.announcements.some(({ senderHardwareAddress }) => senderHardwareAddress === mac),
    )
    station.forget()
    station.ask(announced)
    await until('an answer', () => station.answers.length > 0)
    assert.equal(station.answers[0]!.senderHardwareAddress, mac)
  })

  it('is silent when stopped', async () => {
    desire(desired('all'))
    await until('an announcement', () => station.announcements.length > 0)
    await worker.stop()
    assert.equal(worker.alive, false)
    station.forget()
    station.ask(announced)
    station.ask('192.0.2.100')
    await until('an answer', () => station.answers.length > 0)
    assert.deepEqual(
      station.answers.map(({ senderProtocolAddress }) => senderProtocolAddress),
      [numberOf('192.0.2.100')],
    )
  })
})

function desired(interfaces: WantedInterfaces): DesiredSet {
  return new Map([[announced, { address: address(announced), interfaces, order: ['node-a'] }]])
}

function numberOf(text: string): number {
  const parsed = address(text)
  assert.equal(parsed.family, 4)
  return Number(parsed.value)
}
