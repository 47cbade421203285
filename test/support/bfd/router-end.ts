import type {
  RouterSession,
  RouterSessionConfig,
  UnnumberedNeighbour,
} from '../../../src/bin/speaker/link/link-messages.ts'
import { RouterDriver, type RouterDriverInit } from '../../../src/bin/speaker/link/router-driver.ts'
import { SystemClock } from '../../../src/io/clock.ts'
import { NetlinkInterfaceMonitor } from '../../../src/io/interfaces.ts'
import { openPacketSocket } from '../../../src/io/packet-socket.ts'
import { openUdpSocket } from '../../../src/io/udp.ts'
import type { NetworkNamespace } from '../netns.ts'

/** What the link thread does for BGP, in a namespace, on the thread of the test. */
export class RouterEnd {
  /** what it has told of its sessions, each change with the time */
  readonly told: (RouterSession & { atMs: number })[] = []
  readonly problems: string[] = []
  readonly driver: RouterDriver
  neighbours: readonly UnnumberedNeighbour[] = []
  readonly #namespace: NetworkNamespace
  readonly #monitor: NetlinkInterfaceMonitor
  readonly #abort = new AbortController()

  /** @param listener hears what the main thread of a speaker would hear */
  constructor(
    namespace: NetworkNamespace,
    listener: Partial<Pick<RouterDriverInit, 'onSessions' | 'onNeighbours'>> = {},
  ) {
    this.#namespace = namespace
    this.#monitor = new NetlinkInterfaceMonitor()
    this.driver = new RouterDriver(
      {
        clock: new SystemClock(),
        random: Math.random,
        monitor: this.#monitor,
        openPacketSocket: init => namespace.enter(() => openPacketSocket(init)),
        openUdpSocket: init => namespace.enter(() => openUdpSocket(init)),
      },
      {
        onSessions: sessions => {
          this.#onSessions(sessions)
          listener.onSessions?.(sessions)
        },
        onNeighbours: neighbours => {
          this.neighbours = neighbours
          listener.onNeighbours?.(neighbours)
        },
        onProblem: (name, error) => this.problems.push(`${name}: ${error.message}`),
      },
    )
  }

  async start(): Promise<void> {
    await this.#namespace.enter(() => this.#monitor.start({ signal: this.#abort.signal }))
    this.driver.start()
  }

  /** What was told last of a session. */
  session(id: string): (RouterSession & { atMs: number }) | undefined {
    return this.told.findLast(session => session.id === id)
  }

  isUp(id: string): boolean {
    return this.session(id)?.state === 'Up'
  }

  /** What passed, as `peer Up`. */
  get history(): string[] {
    return this.told.map(({ id, state }) => `${id} ${state}`)
  }

  setSessions(...sessions: RouterSessionConfig[]): void {
    this.driver.setSessions(sessions)
  }

  stop(): void {
    this.driver.stop()
    this.#abort.abort()
  }

  #onSessions(sessions: readonly RouterSession[]): void {
    for (const session of sessions) {
      const before = this.session(session.id)
      if (before?.state === session.state && before.sinceMs === session.sinceMs) continue
      this.told.push({ ...session, atMs: performance.now() })
    }
  }
}
