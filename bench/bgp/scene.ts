import { BgpScene } from '../../test/support/bgp/scene.ts'
import type { NetworkNamespace } from '../../test/support/netns.ts'
import { FrrReceiver } from './frr-receiver.ts'
import { Gate } from './gate.ts'

/** Where announcers call. */
export const ROUTER_PORT = 1790

/** A node and a router on one cable. */
export class RouterScene {
  readonly #scene = new BgpScene()
  readonly #cable = this.#scene.addCable()

  get node(): NetworkNamespace {
    return this.#scene.node
  }

  get router(): NetworkNamespace {
    return this.#cable.namespace
  }

  /** the router's address */
  get routerAddress(): string {
    return this.#cable.router[4]
  }

  /** Gives the router so many addresses; which they are. */
  addRouterAddresses(count: number): string[] {
    return Array.from({ length: count }, (_, index) => {
      const text = `192.0.2.${20 + index}`
      this.router.ip(`address add ${text}/26 dev veth0`)
      return text
    })
  }

  /** A new FRR as the router. */
  async startReceiver(): Promise<FrrReceiver> {
    const receiver = new FrrReceiver(this.router, { neighbour: this.#cable.other[4], routerId: this.routerAddress })
    await receiver.start()
    return receiver
  }

  openGate(): Gate {
    return new Gate(this.router, { port: ROUTER_PORT, from: this.#cable.other[4], router: this.routerAddress })
  }

  remove(): void {
    this.#scene.remove()
  }
}
