import { MissingCapabilityError } from '../../../io/capability-error.ts'
import type { CancelTimer, Clock } from '../../../io/clock.ts'
import type { InterfaceMonitor, NetworkInterface } from '../../../io/interfaces.ts'
import type { GroupMembership } from '../../../io/multicast.ts'
import type { OpenPacketSocket } from '../../../io/packet-socket.ts'
import { ADDRESS_BITS, type Address, type Family } from '../../../ip/address.ts'
import { prefixRange } from '../../../ip/range.ts'
import { type Link, type LinkFacts, sameLink, usableLinks } from '../../../layer2/link.ts'
import type { Segment } from '../../../layer2/liveness-paths.ts'
import type { MacAddress } from '../../../wire/mac-address.ts'
import { Reader } from '../../../wire/reader.ts'
import type { AddressPort, HeardKind } from './address-port.ts'
import { ArpPort } from './arp-port.ts'
import type { DroppedPackets } from './link-messages.ts'
import { NdpPort } from './ndp-port.ts'

export interface LinkPortsComponents {
  clock: Clock
  monitor: InterfaceMonitor
  openPacketSocket: OpenPacketSocket
  groups: GroupMembership
}

export interface LinkPortsInit {
  excludedInterfaces: readonly RegExp[]
  onHeard(link: Link, kind: HeardKind, address: Address, mac: MacAddress): void
  /** see AddressPortInit */
  isStale(): boolean
  /** the interfaces in use are others now, or something about their addresses is */
  onChange(): void
  /** one interface failed; it is tried again when the interfaces change, and after a second */
  onProblem(interfaceName: string, error: Error): void
}

interface LinkPort {
  /** with the families whose sockets are open */
  readonly link: Link
  readonly arp: AddressPort
  readonly ndp?: AddressPort
}

const RETRY_AFTER_MS = 1_000

/**
 * The sockets on all usable interfaces: opened when an interface appears, opened anew when it changes or its socket fails. That for neighbour
 * discovery comes and goes with the link-local address, and leaves that for ARP alone.
 */
export class LinkPorts {
  readonly #clock: Clock
  readonly #components: LinkPortsComponents
  readonly #init: LinkPortsInit
  readonly #ports = new Map<string, LinkPort>()
  #cancelRetry: CancelTimer = () => {}
  #unsubscribe = (): void => {}
  #stopped = false

  constructor(components: LinkPortsComponents, init: LinkPortsInit) {
    this.#clock = components.clock
    this.#components = components
    this.#init = init
  }

  /** the interfaces in use, by name */
  get links(): ReadonlyMap<string, Link> {
    return new Map([...this.#ports.values()].map(({ link }) => [link.name, link]))
  }

  get interfaces(): readonly NetworkInterface[] {
    return this.#components.monitor.snapshot()
  }

  /** The subnets that usable interfaces are in, be these up or not. */
  get segments(): Segment[] {
    const facts = this.interfaces.map(link => ({ ...factsOf(link), up: true }))
    const names = new Set(usableLinks(facts, this.#init.excludedInterfaces).map(({ name }) => name))
    return this.interfaces.filter(({ name }) => names.has(name)).map(segmentOf)
  }

  get dropped(): DroppedPackets[] {
    const counts: DroppedPackets[] = []
    for (const port of this.#ports.values()) {
      for (const protocol of ['arp', 'ndp'] as const) {
        for (const [reason, count] of Object.entries(port[protocol]?.dropped ?? {})) {
          counts.push({ interface: port.link.name, protocol, reason, count })
        }
      }
    }
    return counts
  }

  /**
   * Begins with what the monitor knows by now; the monitor is started by who made it.
   * @throws MissingCapabilityError, also later out of the monitor's callback: trying again would not help
   */
  start(): void {
    this.#unsubscribe = this.#components.monitor.onChange(() => this.#update())
    this.#update()
  }

  /** Falls silent at once. */
  stop(): void {
    this.#stopped = true
    this.#unsubscribe()
    this.#cancelRetry()
    for (const name of [...this.#ports.keys()]) this.#close(name)
  }

  port(link: Link, family: Family): AddressPort | undefined {
    const port = this.#ports.get(link.name)
    return family === 4 ? port?.arp : port?.ndp
  }

  /** Sends the next of the announcements that wait; true when more do. */
  flush(): boolean {
    let more = false
    for (const port of this.#each()) more = port.flush() || more
    return more
  }

  /** See AddressPort. */
  leave(): void {
    for (const port of this.#each()) port.leave()
  }

  /** Throws away whatever has arrived and was not read yet. */
  discard(): void {
    for (const port of this.#each()) port.discard()
  }

  *#each(): IterableIterator<AddressPort> {
    for (const { arp, ndp } of this.#ports.values()) {
      yield arp
      if (ndp) yield ndp
    }
  }

  #update(): void {
    if (this.#stopped) return
    this.#cancelRetry()
    const usable = usableLinks(this.interfaces.map(factsOf), this.#init.excludedInterfaces)
    const byName = new Map(usable.map(link => [link.name, link]))
    for (const [name, { link }] of [...this.#ports]) {
      const now = byName.get(name)
      if (!now || !sameLink(now, link, 4)) this.#close(name)
    }
    let failed = false
    for (const link of usable) failed = !this.#open(link) || failed
    if (failed) this.#retryLater()
    this.#init.onChange()
  }

  /** Opens what is not open yet. */
  #open(link: Link): boolean {
    const before = this.#ports.get(link.name)
    if (before && sameLink(before.link, link, 6)) return true
    const { openPacketSocket, groups } = this.#components
    const { isStale, onHeard, onProblem } = this.#init
    const init = {
      link,
      isStale,
      onHeard: (kind: HeardKind, address: Address, mac: MacAddress) => onHeard(link, kind, address, mac),
      onError: (error: Error) => this.#onError(link, error),
    }
    try {
      before?.ndp?.close()
      const arp =
        before?.arp ?? new ArpPort({ openPacketSocket }, { ...init, ownAddress: () => this.#ownAddress(link) })
      this.#ports.set(link.name, { link: { index: link.index, name: link.name, mac: link.mac, families: [4] }, arp })
      const { linkLocal } = link
      if (linkLocal === undefined) return true
      this.#ports.set(link.name, { link, arp, ndp: new NdpPort({ openPacketSocket, groups }, { ...init, linkLocal }) })
      return true
    } catch (error) {
      if (error instanceof MissingCapabilityError) throw error
      onProblem(link.name, error as Error)
      return false
    }
  }

  /** The socket may be of no more use; what became of the interface is about to be heard. */
  #onError(link: Link, error: Error): void {
    const port = this.#ports.get(link.name)
    if (this.#stopped || !port || !sameLink(port.link, link, 4)) return
    this.#init.onProblem(link.name, error)
    this.#close(link.name)
    this.#init.onChange()
    this.#retryLater()
  }

  #retryLater(): void {
    this.#cancelRetry()
    this.#cancelRetry = this.#clock.setTimer(() => this.#update(), RETRY_AFTER_MS)
  }

  #close(name: string): void {
    const port = this.#ports.get(name)
    this.#ports.delete(name)
    port?.arp.close()
    port?.ndp?.close()
  }

  /** The interface's own, else another of the node's: Linux asks with any of them, too. */
  #ownAddress(link: Link): number {
    const interfaces = this.interfaces
    const own = interfaces.find(({ index }) => index === link.index)
    for (const one of own ? [own, ...interfaces] : interfaces) {
      for (const { address, scope } of one.addresses) {
        if (address.family === 4 && scope === 'global') return address.value
      }
    }
    return 0
  }
}

function factsOf(link: NetworkInterface): LinkFacts {
  const { index, name, noArp, loopback, broadcast } = link
  return {
    index,
    name,
    mac: link.ethernet ? new Reader(link.mac).uint48() : undefined,
    up: link.up && link.running,
    enslaved: link.masterIndex !== undefined,
    noArp,
    loopback,
    broadcast,
    linkLocal: linkLocalOf(link),
  }
}

/** Link-local addresses are everywhere, and one with a host prefix may be a Service's: these tell nothing of what is reached over the interface. */
function segmentOf({ name, addresses }: NetworkInterface): Segment {
  return {
    name,
    subnets: addresses
      .filter(({ scope, address, prefixLength }) => scope === 'global' && prefixLength < ADDRESS_BITS[address.family])
      .map(({ address, prefixLength }) => prefixRange(address, prefixLength)),
  }
}

function linkLocalOf({ addresses }: NetworkInterface): bigint | undefined {
  for (const { address, tentative } of addresses) {
    // fe80::/10, RFC 4291 §2.5.6
    if (address.family === 6 && !tentative && address.value >> 118n === 0x3fan) return address.value
  }
  return undefined
}
