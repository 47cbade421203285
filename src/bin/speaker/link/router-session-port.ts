import { BFD_TTL, type RouterPath, receiverName } from '../../../bfd/router-path.ts'
import type { RouterSession, RouterSessionConfig, RouterSessionCounters } from '../../../bfd/router-session.ts'
import { RouterSessions, type RouterSessionsAction } from '../../../bfd/router-sessions.ts'
import type { CancelTimer, Clock } from '../../../io/clock.ts'
import type { NetworkInterface } from '../../../io/interfaces.ts'
import type { DatagramBatch, OpenUdpSocket, UdpSocket } from '../../../io/udp.ts'
import { CLASS_SELECTOR_6 } from './liveness-port.ts'
import { SocketSet } from './socket-set.ts'

export interface RouterSessionPortComponents {
  clock: Clock
  random: () => number
  openUdpSocket: OpenUdpSocket
}

export interface RouterSessionPortInit {
  /** all wanted sessions, at once when the state of one has changed */
  onSessions(sessions: readonly RouterSession[]): void
  /** a socket cannot be opened; it is tried again every second, and not told again meanwhile */
  onProblem(error: Error): void
}

interface Receiver {
  /** one of those whose packets it takes */
  readonly path: RouterPath
  readonly reuseAddress: boolean
}

/** RFC 5881 §4, RFC 5883 §5 */
const SINGLE_HOP_PORT = 3784
const MULTIHOP_PORT = 4784
/** RFC 5881 §4: where source ports are taken from, one for each session */
const FIRST_SOURCE_PORT = 49_152
const LAST_SOURCE_PORT = 65_535
const SOURCE_PORT_ATTEMPTS = 100
const REOPEN_AFTER_MS = 1_000

/**
 * The sockets, the timer and the reports of the sessions with routers. A thread that did not run for a while needs no special care here: what
 * has come meanwhile waits in the sockets in the order in which it was sent, and is read before silence is believed.
 */
export class RouterSessionPort {
  readonly #components: RouterSessionPortComponents
  readonly #init: RouterSessionPortInit
  readonly #sessions: RouterSessions
  /** by receiverName(), device and whether it shares its port */
  readonly #receivers
  /** by pathKey() and device: each session sends from a port of its own */
  readonly #senders
  /** index by name */
  #interfaces: ReadonlyMap<string, number> = new Map()
  #cancelTimer: CancelTimer = () => {}
  #cancelReopen: CancelTimer = () => {}
  #closed = false

  constructor(components: RouterSessionPortComponents, init: RouterSessionPortInit) {
    this.#components = components
    this.#init = init
    this.#sessions = new RouterSessions(components)
    const { onProblem } = init
    this.#receivers = new SocketSet({ open: (each: Receiver) => this.#openReceiver(each), onProblem })
    this.#senders = new SocketSet({ open: (path: RouterPath) => this.#openSender(path), onProblem })
  }

  /** Received packets that no session took, by reason. */
  get dropped(): Readonly<Partial<Record<string, number>>> {
    return this.#sessions.dropped
  }

  counters(): RouterSessionCounters[] {
    return [...this.#sessions.counters()]
  }

  /** Replaces the set of wanted sessions. */
  setSessions(sessions: readonly RouterSessionConfig[]): void {
    this.#run(nowMs => this.#sessions.setSessions(sessions, nowMs))
  }

  setInterfaces(interfaces: readonly NetworkInterface[]): void {
    this.#interfaces = new Map(interfaces.map(({ name, index }) => [name, index]))
    this.#sessions.setInterfaces(this.#interfaces)
    this.#syncSockets()
  }

  /** Tells every router that it is no failure, and ends. */
  close(): void {
    if (this.#closed) return
    this.#send(this.#sessions.adminDown(this.#components.clock.monotonicMs()))
    this.#closed = true
    this.#cancelTimer()
    this.#cancelReopen()
    this.#receivers.sync(new Map())
    this.#senders.sync(new Map())
  }

  #run(step: (nowMs: number) => readonly RouterSessionsAction[]): void {
    if (this.#closed) return
    const { clock } = this.#components
    const nowMs = clock.monotonicMs()
    const pathsBefore = this.#sessions.paths
    const actions = step(nowMs)
    if (this.#sessions.paths !== pathsBefore) this.#syncSockets()
    this.#send(actions)
    this.#cancelTimer()
    const { dueMs } = this.#sessions
    if (dueMs !== undefined) {
      this.#cancelTimer = clock.setTimer(() => this.#run(now => this.#sessions.timer(now)), dueMs - nowMs)
    }
    if (actions.some(({ type }) => type === 'changed')) this.#tell()
  }

  #tell(): void {
    const { clock } = this.#components
    const offsetMs = clock.now() - clock.monotonicMs()
    const sessions = [...this.#sessions.sessions()]
    this.#init.onSessions(sessions.map(each => ({ ...each, sinceMs: Math.round(offsetMs + each.sinceMs) })))
  }

  #send(actions: readonly RouterSessionsAction[]): void {
    for (const action of actions) {
      if (action.type !== 'send') continue
      const { key, path, payload, interfaceIndex } = action
      const { address, localAddress: sourceAddress } = path
      this.#senders
        .get(this.#onDevice(key, path))
        ?.send([{ address, port: portOf(path), payload, interfaceIndex, sourceAddress }])
    }
  }

  /** Opens what is missing and closes what nobody needs any more. */
  #syncSockets(): void {
    if (this.#closed) return
    const { paths } = this.#sessions
    const reuseAddress = [...paths.values()].some(({ vrf }) => vrf !== undefined)
    const senders = new Map([...paths].map(([key, path]) => [this.#onDevice(key, path), path]))
    const receivers = new Map<string, Receiver>()
    for (const path of paths.values()) {
      const name = this.#onDevice(`${receiverName(path)}${reuseAddress ? ' shared' : ''}`, path)
      receivers.set(name, { path, reuseAddress })
    }
    const complete = [this.#senders.sync(senders), this.#receivers.sync(receivers)]
    this.#cancelReopen()
    if (!complete.includes(false)) return
    this.#cancelReopen = this.#components.clock.setTimer(() => this.#syncSockets(), REOPEN_AFTER_MS)
  }

  /** The name of a socket. A VRF that was made anew is another device of the same name, and needs another socket. */
  #onDevice(name: string, { vrf }: RouterPath): string {
    return vrf === undefined ? name : `${name} on ${this.#interfaces.get(vrf)}`
  }

  #openReceiver({ path, reuseAddress }: Receiver): UdpSocket {
    const socket = receiverName(path)
    return this.#components.openUdpSocket({
      family: path.address.family,
      port: portOf(path),
      device: path.vrf,
      reuseAddress,
      onBatch: batch => this.#run(nowMs => this.#receive(batch, socket, nowMs)),
      onError: () => {},
    })
  }

  #receive(batch: DatagramBatch, socket: string, nowMs: number): RouterSessionsAction[] {
    const actions: RouterSessionsAction[] = []
    for (let i = 0; i < batch.count; i++) {
      const arrival = {
        source: batch.sourceAddress(i),
        destination: batch.destinationAddress(i),
        ttl: batch.ttl(i),
        interfaceIndex: batch.interfaceIndex(i),
        socket,
      }
      actions.push(...this.#sessions.receive(batch.payload(i), arrival, nowMs))
    }
    return actions
  }

  #openSender({ address, vrf }: RouterPath): UdpSocket {
    const { random, openUdpSocket } = this.#components
    for (let attempt = 1; ; attempt++) {
      const port = FIRST_SOURCE_PORT + Math.floor(random() * (LAST_SOURCE_PORT - FIRST_SOURCE_PORT + 1))
      try {
        return openUdpSocket({
          family: address.family,
          port,
          device: vrf,
          ttl: BFD_TTL,
          dscp: CLASS_SELECTOR_6,
          batchSize: 1,
          // Nobody has reason to answer to this port.
          onBatch: () => {},
          // A router that cannot be reached at the moment is no fault of the socket's: its session tells.
          onError: () => {},
        })
      } catch (error) {
        if ((error as { code?: string }).code !== 'EADDRINUSE' || attempt === SOURCE_PORT_ATTEMPTS) throw error
      }
    }
  }
}

function portOf({ multihop }: RouterPath): number {
  return multihop ? MULTIHOP_PORT : SINGLE_HOP_PORT
}
