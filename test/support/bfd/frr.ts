import { setTimeout } from 'node:timers/promises'
import { FrrDaemons } from '../frr.ts'
import type { NetworkNamespace } from '../netns.ts'
import { eventually } from '../processes.ts'

export { hasFrr } from '../frr.ts'

/** What FRR tells of a BFD peer, as far as tests ask. */
export interface FrrPeer {
  readonly peer: string
  readonly status: string
  readonly diagnostic: string
  readonly 'remote-diagnostic': string
  readonly 'receive-interval': number
  readonly 'transmit-interval': number
  readonly 'remote-receive-interval': number
  readonly 'remote-transmit-interval': number
  readonly 'remote-detect-multiplier': number
}

/** FRR's bfdd, and the zebra that tells it of interfaces, in a namespace. */
export class Frr {
  readonly #daemons: FrrDaemons

  /** @param config bfdd's configuration */
  constructor(namespace: NetworkNamespace, config: string) {
    this.#daemons = new FrrDaemons(namespace, { zebra: 'hostname zebra\n', bfdd: `debug bfd zebra\n${config}` })
  }

  /** Starts the daemons and waits until bfdd answers, and has heard of its interfaces. */
  async start(): Promise<void> {
    await this.#daemons.start()
    // A packet that comes before that leaves a passive session of FRR 8.4 in Init, mute for ever.
    const heardOfInterface = () => /zclient: add interface (?!lo\b)/.test(this.log())
    await eventually('bfdd to hear of its interfaces', heardOfInterface, { timeoutMs: 15_000 })
  }

  /** The only peer as bfdd sees it; undefined while it does not answer. */
  async peer(): Promise<FrrPeer | undefined> {
    try {
      return (JSON.parse(await this.vtysh('show bfd peers json')) as FrrPeer[])[0]
    } catch {
      return undefined
    }
  }

  /** Waits until the only peer is as wished. */
  async until(what: string, holds: (peer: FrrPeer) => boolean, timeoutMs = 10_000): Promise<FrrPeer> {
    const deadlineMs = performance.now() + timeoutMs
    for (;;) {
      const peer = await this.peer()
      if (peer && holds(peer)) return peer
      if (performance.now() > deadlineMs) {
        throw new Error(
          `waited ${timeoutMs} ms in vain for bfdd: ${what}; it says ${JSON.stringify(peer)}\n${this.log()}`,
        )
      }
      await setTimeout(20)
    }
  }

  /** Runs commands one after the other, without holding up this process; what they printed. */
  vtysh(...commands: string[]): Promise<string> {
    return this.#daemons.vtysh('bfdd', ...commands)
  }

  /** What bfdd wrote to its log. */
  log(): string {
    return this.#daemons.log('bfdd')
  }

  /** Ends bfdd without a word. */
  kill(): void {
    this.#daemons.kill('bfdd')
  }

  stop(): void {
    this.#daemons.stop()
  }
}
