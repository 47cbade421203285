import assert from 'node:assert/strict'
import type { RouterSession, RouterSessionConfig } from '../../../../src/bfd/router-session.ts'
import { RouterDriver } from '../../../../src/bin/speaker/link/router-driver.ts'
import type { NetworkInterface } from '../../../../src/io/interfaces.ts'
import type { UdpSocketInit } from '../../../../src/io/udp.ts'
import { type Address, formatAddress } from '../../../../src/ip/address.ts'
import { address } from '../../../support/addresses.ts'
import { seededRandom } from '../../../support/bfd/network.ts'
import { routerSession } from '../../../support/bfd/router-session.ts'
import { FakeClock } from '../../../support/io/fake-clock.ts'
import { MemoryInterfaceMonitor, memoryInterface } from '../../../support/io/memory-interface-monitor.ts'
import { type MemoryPort, MemorySegment } from '../../../support/io/memory-segment.ts'
import { MemoryUdp, type MemoryUdpHost } from '../../../support/io/memory-udp.ts'
import { PausableClock } from '../../../support/io/pausable-clock.ts'

const allNodesMac = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1)

/** Two nodes on one segment in memory, a router driver on each. */
class World {
  readonly clock = new FakeClock()
  readonly segment = new MemorySegment()
  readonly udp = new MemoryUdp()
  readonly a = new Node(this, 1)
  readonly b = new Node(this, 2)

  async start(): Promise<void> {
    for (const node of [this.a, this.b]) await node.start()
  }

  run(ms: number): Promise<void> {
    return this.clock.advanceAsync(ms)
  }

  /** Both want a session with the other. */
  connect(parts: Partial<RouterSessionConfig> = {}, ofB: Partial<RouterSessionConfig> = parts): void {
    this.a.want(this.b, parts)
    this.b.want(this.a, ofB)
  }
}

class Node {
  readonly address: Address
  readonly linkLocal: Address
  readonly host: MemoryUdpHost
  readonly port: MemoryPort
  readonly clock: PausableClock
  readonly monitor: MemoryInterfaceMonitor
  readonly driver: RouterDriver
  /** what it told last of its sessions, each time */
  readonly states: string[] = []
  readonly told: RouterSession[] = []
  /** wall clock */
  readonly toldAtMs: number[] = []
  readonly neighbours: string[] = []
  readonly problems: string[] = []

  constructor(world: World, number: number) {
    this.address = address(`192.0.2.${number}`)
    this.linkLocal = address(`fe80::${number}`)
    this.host = world.udp.addHost([this.address, this.linkLocal])
    this.port = world.segment.addPort()
    this.port.joinGroup(allNodesMac)
    this.clock = new PausableClock(world.clock)
    this.monitor = new MemoryInterfaceMonitor([this.eth0()])
    this.driver = new RouterDriver(
      {
        clock: this.clock,
        random: seededRandom(number),
        monitor: this.monitor,
        openPacketSocket: this.port.open,
        openUdpSocket: this.host.open,
      },
      {
        onSessions: sessions => {
          this.states.push(sessions.map(({ id, state }) => `${id} ${state}`).join())
          this.told.push(...sessions)
          this.toldAtMs.push(Math.round(this.clock.now()))
        },
        onNeighbours: neighbours =>
          this.neighbours.push(neighbours.map(each => `${each.interface} ${formatAddress(each.address)}`).join()),
        onProblem: (name, error) => this.problems.push(`${name}: ${error.message}`),
      },
    )
  }

  async start(): Promise<void> {
    await this.monitor.start({ signal: new AbortController().signal })
    this.driver.start()
  }

  eth0(parts: Partial<NetworkInterface> = {}): NetworkInterface {
    const linkLocal = { address: this.linkLocal, prefixLength: 64, scope: 'link', tentative: false } as const
    return memoryInterface({
      index: this.port.interfaceIndex,
      name: 'eth0',
      mac: this.port.mac,
      addresses: [linkLocal],
      ...parts,
    })
  }

  want(other: Node, parts: Partial<RouterSessionConfig> = {}): void {
    this.driver.setSessions([routerSession(formatAddress(other.address), parts)])
  }

  get isUp(): boolean {
    return this.states.at(-1) === 'router Up'
  }

  get openedAs(): UdpSocketInit[] {
    return this.host.inits
  }

  pause(): void {
    this.clock.pause()
    this.host.setPaused(true)
  }

  /** Runs again, timers before what waits in the sockets. */
  resume(): void {
    this.clock.resume()
    this.host.setPaused(false)
  }
}

describe('RouterDriver', () => {
  let world: World

  beforeEach(async () => {
    world = new World()
    await world.start()
  })

  afterEach(() => {
    for (const { driver, clock, host, port } of [world.a, world.b]) {
      driver.stop()
      assert.deepEqual([clock.pendingTimers, host.openSockets, port.openSockets], [0, 0, 0])
    }
  })

  it('has no socket open while nobody wants anything', () => {
    assert.deepEqual([world.a.host.openSockets, world.a.port.openSockets, world.a.clock.pendingTimers], [0, 0, 0])
  })

  describe('BFD', () => {
    it('comes up, and tells every change at once, with the wall clock', async () => {
      world.connect()
      await world.run(5_000)
      const { states, told } = world.a
      assert.deepEqual(states, ['router Down', 'router Init', 'router Up'])
      assert.deepEqual(
        told.map(({ sinceMs, diagnostic }) => [sinceMs, diagnostic]),
        world.a.toldAtMs.map(atMs => [atMs, 'none']),
      )
    })

    for (const { kind, multihop, port } of [
      { kind: 'single hop (RFC 5881 §4)', multihop: false, port: 3784 },
      { kind: 'multihop (RFC 5883 §5)', multihop: true, port: 4784 },
    ]) {
      it(`uses the ports and the TTL of ${kind}`, async () => {
        world.connect({ multihop })
        await world.run(5_000)
        assert.ok(world.a.isUp && world.b.isUp)
        const [sender, receiver] = world.a.openedAs
        assert.equal(receiver!.port, port)
        assert.ok(sender!.port! >= 49_152 && sender!.port! <= 65_535)
        assert.deepEqual([sender!.ttl, sender!.dscp], [255, 48])
      })
    }

    it('has a source port for each session, and one socket for all that arrives', async () => {
      const sessions = ['192.0.2.2', '192.0.2.3', 'fe80::2'].map(to => routerSession(to, { id: to, interface: 'eth0' }))
      world.a.driver.setSessions(sessions)
      const ports = world.a.openedAs.map(({ family, port }) => (port === 3784 ? `${family} ${port}` : port))
      assert.equal(new Set(ports).size, 5)
      assert.deepEqual(ports.filter(port => typeof port === 'string').sort(), ['4 3784', '6 3784'])
      world.a.driver.setSessions(sessions.slice(0, 1))
      await world.run(10_000)
      assert.equal(world.a.host.openSockets, 2)
    })

    it('takes another source port when one is in use', async () => {
      const tried: number[] = []
      world.a.host.refuse = ({ port }) => {
        if (port === 3784 || tried.length === 3) return undefined
        tried.push(port!)
        return Object.assign(new Error('in use'), { code: 'EADDRINUSE' })
      }
      world.connect()
      await world.run(5_000)
      assert.ok(world.a.isUp)
      assert.ok(!tried.includes(world.a.openedAs[0]!.port!))
      assert.deepEqual(world.a.problems, [])
    })

    it('says once that a port is taken, and comes up when it is free', async () => {
      const taken = Object.assign(new Error('binding UDP port 3784: EADDRINUSE'), { code: 'EADDRINUSE' })
      world.a.host.refuse = ({ port }) => (port === 3784 ? taken : undefined)
      world.connect()
      await world.run(5_500)
      assert.deepEqual(world.a.problems, [': binding UDP port 3784: EADDRINUSE'])
      world.a.host.refuse = undefined
      await world.run(5_000)
      assert.ok(world.a.isUp)
    })

    it('binds to a VRF, beside the sessions outside of it, and anew when the VRF is', () => {
      const plain = routerSession('192.0.2.2')
      const inVrf = routerSession('192.0.2.3', { id: 'blue', vrf: 'blue' })
      const { a } = world
      const describeSockets = () =>
        a.openedAs.map(({ port, device, reuseAddress }) => [port === 3784, device, reuseAddress ?? false])
      a.driver.setSessions([plain])
      assert.deepEqual(describeSockets(), [
        [false, undefined, false],
        [true, undefined, false],
      ])
      a.driver.setSessions([plain, inVrf])
      const both = [
        [false, undefined, false],
        [false, 'blue', false],
        [true, undefined, true],
        [true, 'blue', true],
      ]
      assert.deepEqual(describeSockets(), both)
      const before = a.openedAs
      a.monitor.set([a.eth0(), memoryInterface({ index: 9, name: 'blue' })])
      assert.equal(a.openedAs.filter(each => before.includes(each)).length, 2)
      assert.deepEqual(describeSockets().map(String).sort(), both.map(String).sort())
    })

    it('takes no router for dead because its own thread stood still', async () => {
      world.connect(
        { receiveIntervalMs: 50, transmitIntervalMs: 300 },
        { receiveIntervalMs: 300, transmitIntervalMs: 50 },
      )
      await world.run(5_000)
      assert.ok(world.a.isUp && world.b.isUp)
      for (const standstillMs of [145, 151, 200, 700]) {
        world.a.pause()
        await world.run(standstillMs)
        world.a.resume()
        await world.run(1_000)
      }
      assert.deepEqual([world.a.states.at(-1), world.b.states.at(-1)], ['router Up', 'router Up'])
      assert.equal(world.a.driver.counters().routerSessions[0]!.downEvents, 0)
    })

    it('notices afterwards that the router died meanwhile, or has given this node up', async () => {
      const downEvents = () => world.a.driver.counters().routerSessions[0]!.downEvents
      for (const [index, dies] of [true, false].entries()) {
        world.connect()
        await world.run(10_000)
        assert.ok(world.a.isUp && world.b.isUp)
        world.a.pause()
        if (dies) world.udp.passes = () => false
        await world.run(5_000)
        world.a.resume()
        await world.run(400)
        assert.equal(downEvents(), index + 1)
        world.udp.passes = () => true
      }
    })

    it('counts packets that nobody takes', async () => {
      world.a.want(world.b)
      world.b.driver.setSessions([routerSession('192.0.2.9')])
      await world.run(3_000)
      const [dropped, ...more] = world.b.driver.counters().routersDropped
      assert.deepEqual(more, [])
      assert.deepEqual({ ...dropped, count: 0 }, { interface: '', protocol: 'bfd', reason: 'unknownSource', count: 0 })
      assert.ok(dropped!.count >= 3)
    })
  })

  describe('unnumbered peers', () => {
    const both = () => {
      for (const { driver } of [world.a, world.b]) driver.setUnnumbered(['eth0'])
    }

    it('find each other, and tell it once', async () => {
      both()
      await world.run(60_000)
      assert.deepEqual(world.a.neighbours, ['eth0 fe80::2'])
      assert.deepEqual(world.b.neighbours, ['eth0 fe80::1'])
    })

    it('forget each other when nobody wants them, and close the socket', async () => {
      both()
      await world.run(1_000)
      world.a.driver.setUnnumbered([])
      assert.deepEqual([world.a.neighbours.at(-1), world.a.port.openSockets], ['', 0])
    })

    const unusable: [string, Partial<NetworkInterface>][] = [
      ['is down', { up: false }],
      ['has no carrier', { running: false }],
      ['has no link-local address', { addresses: [] }],
      ['is no Ethernet', { ethernet: false }],
    ]
    for (const [what, parts] of unusable) {
      it(`forget who was on an interface that ${what}, and find them again`, async () => {
        both()
        await world.run(1_000)
        world.a.monitor.set([world.a.eth0(parts)])
        assert.deepEqual([world.a.neighbours.at(-1), world.a.port.openSockets], ['', 0])
        world.a.monitor.set([world.a.eth0()])
        await world.run(11_000)
        assert.equal(world.a.neighbours.at(-1), 'eth0 fe80::2')
      })
    }

    it('wait for an interface that does not exist yet, or whose address is not checked', async () => {
      world.a.driver.setUnnumbered(['eth7'])
      world.b.monitor.set([
        world.b.eth0({ addresses: world.b.eth0().addresses.map(each => ({ ...each, tentative: true })) }),
      ])
      world.b.driver.setUnnumbered(['eth0'])
      assert.deepEqual([world.a.port.openSockets, world.b.port.openSockets], [0, 0])
      world.a.monitor.set([world.a.eth0({ name: 'eth7' })])
      world.b.monitor.set([world.b.eth0()])
      await world.run(1_000)
      assert.deepEqual([world.a.neighbours, world.b.neighbours], [['eth7 fe80::2'], ['eth0 fe80::1']])
    })

    it('are told by the new address when it changes', async () => {
      both()
      await world.run(1_000)
      const changed = { address: address('fe80::99'), prefixLength: 64, scope: 'link', tentative: false } as const
      world.a.monitor.set([world.a.eth0({ addresses: [changed] })])
      await world.run(1_000)
      assert.equal(world.b.neighbours.at(-1), 'eth0 fe80::1,eth0 fe80::99')
    })

    it('are looked for again after the socket failed', async () => {
      both()
      await world.run(1_000)
      world.a.port.setUp(false)
      await world.run(100)
      assert.deepEqual(world.a.neighbours.at(-1), '')
      world.a.port.setUp(true)
      await world.run(11_000)
      assert.equal(world.a.neighbours.at(-1), 'eth0 fe80::2')
      assert.match(world.a.problems[0]!, /^eth0: /)
    })
  })
})
