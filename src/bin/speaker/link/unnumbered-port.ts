import type { CancelTimer, Clock } from '../../../io/clock.ts'
import type { OpenPacketSocket, PacketSocket } from '../../../io/packet-socket.ts'
import { ROUTER_ADVERTISEMENT_FILTER } from '../../../ndp/filter.ts'
import { ETHERTYPE_IPV6 } from '../../../ndp/layout.ts'
import { RouterExchange, type RouterExchangeInit } from '../../../ndp/router-advertisement-exchange.ts'

/** An interface with an unnumbered peer, as far as its port depends on it. */
export interface UnnumberedLink extends RouterExchangeInit {
  readonly name: string
  readonly index: number
}

export interface UnnumberedPortComponents {
  clock: Clock
  random: () => number
  openPacketSocket: OpenPacketSocket
}

export interface UnnumberedPortInit {
  readonly link: UnnumberedLink
  /** a router came or went */
  onChange(): void
  /** the socket may be of no more use */
  onError(error: Error): void
}

/** Router advertisements on one interface, both ways. */
export class UnnumberedPort {
  readonly link: UnnumberedLink
  readonly #clock: Clock
  readonly #onChange: () => void
  readonly #exchange: RouterExchange
  readonly #socket: PacketSocket
  #cancelTimer: CancelTimer = () => {}

  /** @throws what opening the socket throws */
  constructor(components: UnnumberedPortComponents, { link, onChange, onError }: UnnumberedPortInit) {
    const { clock, openPacketSocket } = components
    this.link = link
    this.#clock = clock
    this.#onChange = onChange
    this.#exchange = new RouterExchange(components, link, clock.monotonicMs())
    this.#socket = openPacketSocket({
      interfaceIndex: link.index,
      etherType: ETHERTYPE_IPV6,
      filter: ROUTER_ADVERTISEMENT_FILTER,
      onBatch: batch => {
        let changed = false
        for (let i = 0; i < batch.count; i++) {
          changed = this.#exchange.receive(batch.frame(i), clock.monotonicMs()) || changed
        }
        this.#setTimer()
        if (changed) onChange()
      },
      onError,
    })
    this.#setTimer()
  }

  get routers(): bigint[] {
    return this.#exchange.routers
  }

  /** Advertisements that were not taken, by reason. */
  get dropped(): Readonly<Partial<Record<string, number>>> {
    return this.#exchange.dropped
  }

  close(): void {
    this.#cancelTimer()
    this.#socket.close()
  }

  #setTimer(): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#clock.setTimer(() => {
      const { frames, changed } = this.#exchange.timer(this.#clock.monotonicMs())
      // Set first: what onChange does may close the port.
      this.#setTimer()
      this.#socket.send(frames)
      if (changed) this.#onChange()
    }, this.#exchange.dueMs - this.#clock.monotonicMs())
  }
}
