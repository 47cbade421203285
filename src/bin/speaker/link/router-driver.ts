import type { Clock } from '../../../io/clock.ts'
import type { InterfaceMonitor } from '../../../io/interfaces.ts'
import type { OpenPacketSocket } from '../../../io/packet-socket.ts'
import type { OpenUdpSocket } from '../../../io/udp.ts'
import type { LinkCounters, RouterSession, RouterSessionConfig, UnnumberedNeighbour } from './link-messages.ts'
import { RouterSessionPort } from './router-session-port.ts'
import { UnnumberedPorts } from './unnumbered-ports.ts'

export interface RouterDriverComponents {
  clock: Clock
  random: () => number
  /** started by who made it */
  monitor: InterfaceMonitor
  openPacketSocket: OpenPacketSocket
  openUdpSocket: OpenUdpSocket
}

export interface RouterDriverInit {
  /** all wanted sessions, at once when the state of one has changed */
  onSessions(sessions: readonly RouterSession[]): void
  /** all routers found, when one came or went */
  onNeighbours(neighbours: readonly UnnumberedNeighbour[]): void
  /** something failed that is tried again; the name is empty when it is not one interface's */
  onProblem(interfaceName: string, error: Error): void
}

/** What BGP needs of the link thread: BFD sessions with routers, and the routers on interfaces with unnumbered peers. */
export class RouterDriver {
  readonly #monitor: InterfaceMonitor
  readonly #sessions: RouterSessionPort
  readonly #unnumbered: UnnumberedPorts
  #unsubscribe = (): void => {}

  constructor(components: RouterDriverComponents, { onSessions, onNeighbours, onProblem }: RouterDriverInit) {
    this.#monitor = components.monitor
    this.#sessions = new RouterSessionPort(components, { onSessions, onProblem: error => onProblem('', error) })
    this.#unnumbered = new UnnumberedPorts(components, { onNeighbours, onProblem })
  }

  start(): void {
    this.#unsubscribe = this.#monitor.onChange(() => this.#update())
    this.#update()
  }

  /** Tells the routers that it is no failure, and closes every socket. */
  stop(): void {
    this.#unsubscribe()
    this.#sessions.close()
    this.#unnumbered.close()
  }

  setSessions(sessions: readonly RouterSessionConfig[]): void {
    this.#sessions.setSessions(sessions)
  }

  /** @param interfaces names of the interfaces on which routers are to be found */
  setUnnumbered(interfaces: readonly string[]): void {
    this.#unnumbered.setWanted(interfaces)
  }

  counters(): Pick<LinkCounters, 'routerSessions' | 'routersDropped'> {
    const dropped = Object.entries(this.#sessions.dropped).map(([reason, count = 0]) => ({
      interface: '',
      protocol: 'bfd' as const,
      reason,
      count,
    }))
    return { routerSessions: this.#sessions.counters(), routersDropped: [...dropped, ...this.#unnumbered.dropped] }
  }

  #update(): void {
    const interfaces = this.#monitor.snapshot()
    this.#sessions.setInterfaces(interfaces)
    this.#unnumbered.setInterfaces(interfaces)
  }
}
