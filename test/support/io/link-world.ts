import { arpQuestion } from '../../../src/arp/probe.ts'
import { LinkDriver } from '../../../src/bin/speaker/link/link-driver.ts'
import type { LinkReport, Takeover } from '../../../src/bin/speaker/link/link-messages.ts'
import type { NetworkInterface } from '../../../src/io/interfaces.ts'
import type { OpenPacketSocket } from '../../../src/io/packet-socket.ts'
import { formatAddress } from '../../../src/ip/address.ts'
import type { DesiredAddress, WantedInterfaces } from '../../../src/layer2/desired.ts'
import type { KnownSpeaker } from '../../../src/layer2/neighbourhood.ts'
import { ETHERTYPE_IPV6 } from '../../../src/ndp/layout.ts'
import { decodeNdpFrame } from '../../../src/ndp/packet.ts'
import { questionFrame } from '../../../src/ndp/probe.ts'
import type { MacAddress } from '../../../src/wire/mac-address.ts'
import { Reader } from '../../../src/wire/reader.ts'
import { address } from '../addresses.ts'
import { seededRandom } from '../bfd/network.ts'
import { ipv6 } from '../neighbors.ts'
import { Reported, type WholeReport } from '../reported.ts'
import { FakeClock } from './fake-clock.ts'
import { MemoryGroupMembership } from './memory-group-membership.ts'
import { MemoryInterfaceMonitor, memoryInterface } from './memory-interface-monitor.ts'
import { type MemoryPort, MemorySegment } from './memory-segment.ts'
import { MemoryUdp, type MemoryUdpHost } from './memory-udp.ts'
import { PausableClock } from './pausable-clock.ts'

const secret = new TextEncoder().encode('the liveness key of the tests')
const clientAddress = 0xc00002c8
const clientLinkLocal = ipv6('fe80::c8')

export interface LinkWorldInit {
  /** one letter for each node; default ab */
  readonly nodes?: string
  readonly interfaceParts?: Partial<NetworkInterface>
  readonly ipv6?: boolean
  readonly excludedInterfaces?: readonly RegExp[]
}

/** What a node is to do with an address: the letters of the order, or also the interfaces. */
export type Wish = string | { readonly order: string; readonly interfaces: WantedInterfaces }

/** Link drivers of several nodes and a client on one segment in memory, on one clock. */
export class LinkWorld {
  readonly clock = new FakeClock()
  readonly segment = new MemorySegment()
  readonly udp = new MemoryUdp()
  readonly client: MemoryPort
  readonly nodes: ReadonlyMap<string, LinkNode>
  /** of the client's questions: who has answered, and when */
  readonly answers: { readonly atMs: number; readonly from: string; readonly address: string }[] = []
  #wishes: Record<string, Wish> = {}
  readonly #clientSockets

  constructor(init: LinkWorldInit = {}) {
    const letters = [...(init.nodes ?? 'ab')]
    this.nodes = new Map(letters.map((letter, index) => [letter, new LinkNode(this, letter, index + 1, init)]))
    this.client = this.segment.addPort()
    this.#clientSockets = [0x0806, ETHERTYPE_IPV6].map(etherType =>
      this.client.open({
        interfaceIndex: this.client.interfaceIndex,
        etherType,
        onBatch: batch => {
          for (let i = 0; i < batch.count; i++) this.#hear(batch.frame(i))
        },
        onError() {},
      }),
    )
  }

  /** Starts all drivers, and tells them of each other. */
  async start(): Promise<void> {
    for (const node of this.nodes.values()) await node.start()
    this.tellSpeakers()
    for (const { driver } of this.nodes.values()) driver.setSecret(secret)
    await this.run(0)
  }

  /** Stops all that are left; returns what outlives it. */
  stop(): string[] {
    for (const node of this.nodes.values()) node.kill()
    return [...this.nodes.values()].flatMap(node => node.leftovers())
  }

  node(letter: string): LinkNode {
    return this.nodes.get(letter)!
  }

  run(ms: number): Promise<void> {
    return this.clock.advanceAsync(ms)
  }

  /** Every node is told who speaks; those named are marked as expired. */
  tellSpeakers(expired = ''): void {
    const speakers = [...this.nodes.values()].map(node => node.asSpeaker(expired.includes(node.letter)))
    for (const node of this.nodes.values()) node.driver.setSpeakers(speakers)
  }

  /** All nodes that are among the order are told, in the order of their letters. */
  desire(wishes: Record<string, Wish>): void {
    this.#wishes = wishes
    for (const node of this.nodes.values()) node.desire(wishes)
  }

  /** the order that the nodes were told last */
  get wishes(): Record<string, Wish> {
    return this.#wishes
  }

  /** The letters of the nodes that report the address as theirs. */
  owners(key: string): string {
    return [...this.nodes.values()]
      .filter(({ report }) => report?.announcements.some(({ address: own }) => own === key))
      .map(({ letter }) => letter)
      .join('')
  }

  /** The client asks; who answers stands in `answers` soon. */
  ask(key: string): void {
    const { family, value } = address(key)
    const mac = macOf(this.client)
    if (family === 4) this.#clientSockets[0]!.send([arpQuestion(mac, clientAddress, value)])
    else this.#clientSockets[1]!.send([questionFrame(mac, clientLinkLocal, value)])
  }

  /** The letters of those who answer for an address at this moment. */
  async askWho(key: string): Promise<string> {
    const before = this.answers.length
    this.ask(key)
    await this.run(0)
    const answers = this.answers.slice(before).filter(answer => answer.address === key)
    return answers.map(({ from }) => from).join('')
  }

  /** Asks every 5 ms; one text for each question, empty where nobody answered. */
  async watch(key: string, ms: number): Promise<string[]> {
    const seen: string[] = []
    for (let passed = 0; passed < ms; passed += 5) {
      seen.push(await this.askWho(key))
      await this.run(5)
    }
    return seen
  }

  /** A host that is no speaker sends a frame. */
  sendAsClient(etherType: 0x0806 | typeof ETHERTYPE_IPV6, frame: Uint8Array): void {
    this.#clientSockets[etherType === 0x0806 ? 0 : 1]!.send([frame])
  }

  #hear(frame: Uint8Array): void {
    const mac = new Reader(frame.subarray(6)).uint48()
    const from = [...this.nodes.values()].find(node => macOf(node.port) === mac)?.letter
    const own = new Reader(frame).uint48() === macOf(this.client)
    if (!from || !own) return
    const key = answeredAddress(frame)
    if (key) this.answers.push({ atMs: this.clock.monotonicMs(), from, address: key })
  }
}

/** One node: its card, its addresses, its driver, and what the driver says. */
export class LinkNode {
  readonly letter: string
  readonly name: string
  readonly port: MemoryPort
  readonly host: MemoryUdpHost
  readonly clock: PausableClock
  readonly monitor: MemoryInterfaceMonitor
  readonly groups: MemoryGroupMembership
  readonly driver: LinkDriver
  readonly reports: LinkReport[] = []
  readonly #reported = new Reported()
  readonly takeovers: ({ readonly atMs: number } & Takeover)[] = []
  readonly stalls: number[] = []
  readonly problems: string[] = []
  /** frames that it sent, in short, after the time */
  readonly sent: Uint8Array[] = []
  leftAtMs: number | undefined
  leftCount = 0
  /** why no packet socket can be opened */
  refuse: Error | undefined
  #revision = 0
  #told = new Set<string>()
  #stopped = false
  readonly #eth0: Parameters<typeof memoryInterface>[0]

  constructor(world: LinkWorld, letter: string, number: number, init: LinkWorldInit) {
    this.letter = letter
    this.name = `node-${letter}`
    this.port = world.segment.addPort()
    this.host = world.udp.addHost([address(`192.0.2.${100 + number}`)])
    this.clock = new PausableClock(world.clock)
    const linkLocal = {
      address: address(`fe80::${number}`),
      prefixLength: 64,
      scope: 'link',
      tentative: false,
    } as const
    this.#eth0 = {
      index: this.port.interfaceIndex,
      name: 'eth0',
      mac: this.port.mac,
      addresses: [
        { address: address(`192.0.2.${100 + number}`), prefixLength: 24, scope: 'global', tentative: false },
        ...(init.ipv6 ? [linkLocal] : []),
      ],
      ...init.interfaceParts,
    }
    this.monitor = new MemoryInterfaceMonitor([this.eth0()])
    this.groups = new MemoryGroupMembership({
      portOf: index => (index === this.port.interfaceIndex ? this.port : undefined),
    })
    world.segment.onFrame((frame, from) => from === this.port && this.sent.push(frame))
    const openPacketSocket: OpenPacketSocket = options => {
      if (this.refuse) throw this.refuse
      return this.port.open(options)
    }
    this.driver = new LinkDriver(
      {
        clock: this.clock,
        random: seededRandom(number),
        monitor: this.monitor,
        openPacketSocket,
        openGroupMembership: this.groups.open,
        openUdpSocket: this.host.open,
      },
      {
        node: this.name,
        excludedInterfaces: init.excludedInterfaces ?? [/^veth/],
        liveness: { port: 7946, intervalMs: 100, multiplier: 3 },
        onReport: report => {
          this.reports.push(report)
          this.#reported.add(report)
        },
        onTakeovers: takeovers =>
          this.takeovers.push(...takeovers.map(each => ({ atMs: world.clock.monotonicMs(), ...each }))),
        onLeft: () => {
          this.leftCount++
          this.leftAtMs = world.clock.monotonicMs()
        },
        onStall: gapMs => this.stalls.push(gapMs),
        onProblem: (name, error) => this.problems.push(`${name}: ${error.message}`),
      },
    )
  }

  async start(): Promise<void> {
    await this.monitor.start({ signal: new AbortController().signal })
    this.driver.start()
  }

  /** all that it has reported by now */
  get report(): WholeReport | undefined {
    return this.#stopped ? undefined : this.#reported.report
  }

  /** The node's interface, changed as the test says. */
  eth0(parts: Partial<NetworkInterface> = {}): NetworkInterface {
    return memoryInterface({ ...this.#eth0, mac: this.port.mac, ...parts })
  }

  /** Tells the difference to what was told before. */
  desire(wishes: Record<string, Wish>): void {
    const changed = new Map(Object.entries(wishes).map(([key, wish]) => [key, desiredOf(key, wish)]))
    const removed = [...this.#told].filter(key => !changed.has(key))
    this.#told = new Set(changed.keys())
    this.driver.setDesired({ revision: ++this.#revision, changed, removed })
  }

  asSpeaker(expired = false): KnownSpeaker {
    return { node: this.name, macs: [macOf(this.port)], addresses: this.host.addresses, expired }
  }

  /** It is gone without a word. */
  kill(): void {
    this.#stopped = true
    this.driver.stop()
  }

  pause(): void {
    this.clock.pause()
    this.port.setPaused(true)
    this.host.setPaused(true)
  }

  /** Runs again. What waited comes before the timers or after them: both happen. */
  resume(first: 'packets' | 'timers'): Promise<void> {
    const wakeSockets = (): void => {
      this.port.setPaused(false)
      this.host.setPaused(false)
    }
    if (first === 'timers') {
      this.clock.resume()
      wakeSockets()
      return Promise.resolve()
    }
    wakeSockets()
    return new Promise<void>(resolve => setImmediate(resolve)).then(() => this.clock.resume())
  }

  /** What is left open. */
  leftovers(): string[] {
    const counts = {
      timers: this.clock.pendingTimers,
      'packet sockets': this.port.openSockets,
      'UDP sockets': this.host.openSockets,
      groups: this.groups.joined.size,
      'open memberships': this.groups.closed ? 0 : 1,
    }
    return Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `${this.name}: ${count} ${what}`)
  }
}

export function macOf(port: MemoryPort): MacAddress {
  return new Reader(port.mac).uint48()
}

function desiredOf(key: string, wish: Wish): DesiredAddress {
  const { order, interfaces } = typeof wish === 'string' ? { order: wish, interfaces: 'all' as const } : wish
  return { address: address(key), interfaces, order: [...order].map(letter => `node-${letter}`) }
}

/** For which address an ARP reply or a neighbour advertisement answers. */
function answeredAddress(frame: Uint8Array): string | undefined {
  const etherType = (frame[12]! << 8) | frame[13]!
  if (etherType === 0x0806) return frame[21] === 2 ? [...frame.subarray(28, 32)].join('.') : undefined
  const decoded = decodeNdpFrame(frame)
  if (!('frame' in decoded) || decoded.frame.message.type !== 'advertisement') return undefined
  return formatIpv6(decoded.frame.message.target)
}

function formatIpv6(value: bigint): string {
  return formatAddress({ family: 6, value })
}
