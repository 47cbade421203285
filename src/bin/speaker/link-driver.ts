import type { AddressCounters } from '../../arp/responder.ts'
import { MissingCapabilityError } from '../../io/capability-error.ts'
import type { CancelTimer, Clock } from '../../io/clock.ts'
import type { InterfaceMonitor, NetworkInterface } from '../../io/interfaces.ts'
import type { OpenPacketSocket } from '../../io/packet-socket.ts'
import { formatAddress } from '../../ip/address.ts'
import { Announcer, type AnnouncerEvent } from '../../layer2/announcer.ts'
import type { DesiredSet } from '../../layer2/desired.ts'
import { type Link, type LinkFacts, usableLinks } from '../../layer2/link.ts'
import { formatMac } from '../../wire/mac-address.ts'
import { Reader } from '../../wire/reader.ts'
import { ArpPort } from './arp-port.ts'
import type { LinkCounters, LinkReport } from './link-messages.ts'

export interface LinkDriverComponents {
  clock: Clock
  monitor: InterfaceMonitor
  openPacketSocket: OpenPacketSocket
}

export interface LinkDriverInit {
  excludedInterfaces: readonly RegExp[]
  onReport: (report: LinkReport) => void
  /** one interface failed; it is tried again when the interfaces change, and after a second */
  onProblem: (interfaceName: string, error: Error) => void
}

const RETRY_AFTER_MS = 1_000
/** between bursts of gratuitous frames: about 10,000 frames a second on each interface */
const PACE_MS = 10

/** Carries out what the announcer decides: one ARP socket on each usable interface, timers, reports. */
export class LinkDriver {
  readonly #clock: Clock
  readonly #monitor: InterfaceMonitor
  readonly #openPacketSocket: OpenPacketSocket
  readonly #init: LinkDriverInit
  readonly #announcer = new Announcer()
  readonly #ports = new Map<string, ArpPort>()
  /** by address in canonical form, for as long as it is desired */
  readonly #counters = new Map<string, AddressCounters>()
  #cancelTimer: CancelTimer = () => {}
  #cancelRetry: CancelTimer = () => {}
  #cancelPace: CancelTimer = () => {}
  #unsubscribe = (): void => {}
  #lastReport = ''
  #stopped = false

  constructor({ clock, monitor, openPacketSocket }: LinkDriverComponents, init: LinkDriverInit) {
    this.#clock = clock
    this.#monitor = monitor
    this.#openPacketSocket = openPacketSocket
    this.#init = init
  }

  /**
   * Begins with what the monitor knows by now; the monitor is started by who made it.
   * @throws MissingCapabilityError, also later out of the monitor's callback: trying again would not help
   */
  start(): void {
    this.#unsubscribe = this.#monitor.onChange(() => this.#onInterfaces())
    this.#onInterfaces()
  }

  /** Falls silent at once and closes every socket. */
  stop(): void {
    this.#stopped = true
    this.#unsubscribe()
    this.#cancelTimer()
    this.#cancelRetry()
    this.#cancelPace()
    for (const port of this.#ports.values()) port.close()
    this.#ports.clear()
  }

  setDesired(desired: DesiredSet): void {
    for (const key of this.#counters.keys()) if (!desired.has(key)) this.#counters.delete(key)
    this.#step({ type: 'desired', desired })
  }

  counters(): LinkCounters {
    return {
      addresses: [...this.#counters].map(([address, counters]) => ({ address, ...counters })),
      dropped: [...this.#ports.values()].flatMap(({ link, responder }) =>
        Object.entries(responder.dropped).map(([reason, count]) => ({
          interface: link.name,
          reason: reason as keyof typeof responder.dropped,
          count,
        })),
      ),
    }
  }

  #onInterfaces(): void {
    if (this.#stopped) return
    this.#cancelRetry()
    const usable = usableLinks(this.#monitor.snapshot().map(factsOf), this.#init.excludedInterfaces)
    const byName = new Map(usable.map(link => [link.name, link]))
    for (const [name, { link }] of this.#ports) {
      const now = byName.get(name)
      if (!now || now.index !== link.index || now.mac !== link.mac) this.#closePort(name)
    }
    let failed = false
    for (const link of usable) if (!this.#ports.has(link.name)) failed = !this.#openPort(link) || failed
    if (failed) this.#cancelRetry = this.#clock.setTimer(() => this.#onInterfaces(), RETRY_AFTER_MS)
    this.#step({ type: 'links', links: [...this.#ports.values()].map(port => port.link) })
  }

  #openPort(link: Link): boolean {
    try {
      const port: ArpPort = new ArpPort(
        { openPacketSocket: this.#openPacketSocket },
        { link, onError: error => this.#onPortError(port, error) },
      )
      this.#ports.set(link.name, port)
      return true
    } catch (error) {
      if (error instanceof MissingCapabilityError) throw error
      this.#init.onProblem(link.name, error as Error)
      return false
    }
  }

  /** The socket may be of no more use; what became of the interface is about to be heard. */
  #onPortError(port: ArpPort, error: Error): void {
    const { name } = port.link
    if (this.#stopped || this.#ports.get(name) !== port) return
    this.#init.onProblem(name, error)
    this.#closePort(name)
    this.#step({ type: 'links', links: [...this.#ports.values()].map(other => other.link) })
    this.#cancelRetry()
    this.#cancelRetry = this.#clock.setTimer(() => this.#onInterfaces(), RETRY_AFTER_MS)
  }

  #closePort(name: string): void {
    this.#ports.get(name)?.close()
    this.#ports.delete(name)
  }

  #step(event: AnnouncerEvent): void {
    if (this.#stopped) return
    const nowMs = this.#clock.monotonicMs()
    for (const { type, link, address } of this.#announcer.step(event, nowMs)) {
      const port = this.#ports.get(link.name)
      if (!port || address.family !== 4) continue
      switch (type) {
        case 'answer':
          port.answer(address.value, this.#countersOf(formatAddress(address)))
          break
        case 'silence':
          port.silence(address.value)
          break
        case 'announce':
          port.announce(address.value, this.#countersOf(formatAddress(address)))
      }
    }
    this.#flush()
    this.#cancelTimer()
    const { dueMs } = this.#announcer
    if (dueMs !== undefined)
      this.#cancelTimer = this.#clock.setTimer(() => this.#step({ type: 'timer' }), dueMs - nowMs)
    if (event.type !== 'timer') this.#report()
  }

  #flush(): void {
    this.#cancelPace()
    let more = false
    for (const port of this.#ports.values()) more = port.flush() || more
    if (more) this.#cancelPace = this.#clock.setTimer(() => this.#flush(), PACE_MS)
  }

  #countersOf(key: string): AddressCounters {
    let counters = this.#counters.get(key)
    if (!counters) {
      counters = { requestsReceived: 0, responsesSent: 0, gratuitousSent: 0 }
      this.#counters.set(key, counters)
    }
    return counters
  }

  #report(): void {
    const report: LinkReport = { interfaces: this.#reportInterfaces(), announcements: this.#reportAnnouncements() }
    const text = JSON.stringify(report)
    if (text === this.#lastReport) return
    this.#lastReport = text
    this.#init.onReport(report)
  }

  #reportInterfaces(): LinkReport['interfaces'] {
    return this.#monitor
      .snapshot()
      .filter(({ name }) => this.#ports.has(name))
      .map(({ name, addresses }) => ({
        name,
        mac: formatMac(this.#ports.get(name)!.link.mac),
        addresses: addresses.map(({ address, prefixLength }) => `${formatAddress(address)}/${prefixLength}`),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #reportAnnouncements(): LinkReport['announcements'] {
    const offsetMs = this.#clock.now() - this.#clock.monotonicMs()
    const byAddress = new Map<string, { interfaces: string[]; sinceMs: number }>()
    for (const { address, link, sinceMs } of this.#announcer.announcements()) {
      const key = formatAddress(address)
      const entry = byAddress.get(key)
      if (!entry) byAddress.set(key, { interfaces: [link.name], sinceMs })
      else {
        entry.interfaces.push(link.name)
        entry.sinceMs = Math.min(entry.sinceMs, sinceMs)
      }
    }
    return [...byAddress]
      .map(([address, { interfaces, sinceMs }]) => ({
        address,
        interfaces: interfaces.sort(),
        sinceMs: Math.round(offsetMs + sinceMs),
      }))
      .sort((a, b) => (a.address < b.address ? -1 : 1))
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
  }
}
