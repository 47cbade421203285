import { connect, type Socket } from 'node:net'
import { FrrDaemons } from '../../test/support/frr.ts'
import type { NetworkNamespace } from '../../test/support/netns.ts'
import { eventually } from '../../test/support/processes.ts'

export const ROUTER_AS = 64512
export const NODE_AS = 64513

/** FRR's bgpd, alone, that waits for one neighbour to call. */
export class FrrReceiver {
  readonly #daemons: FrrDaemons
  readonly #neighbour: string
  #vty: Vty | undefined

  constructor(namespace: NetworkNamespace, { neighbour, routerId }: { neighbour: string; routerId: string }) {
    this.#neighbour = neighbour
    const lines = [
      `router bgp ${ROUTER_AS}`,
      ` bgp router-id ${routerId}`,
      ' no bgp default ipv4-unicast',
      ' no bgp ebgp-requires-policy',
      ` neighbor ${neighbour} remote-as ${NODE_AS}`,
      ` neighbor ${neighbour} passive`,
      ' address-family ipv4 unicast',
      `  neighbor ${neighbour} activate`,
      ' exit-address-family',
    ]
    this.#daemons = new FrrDaemons(namespace, { bgpd: `${lines.join('\n')}\n` })
  }

  /** Starts it and waits until it would take a call. */
  async start(): Promise<void> {
    await this.#daemons.start()
    // The socket is there a moment before anyone listens at it.
    this.#vty = await eventually('bgpd to listen', () => Vty.connect(this.#daemons.vtySocket('bgpd')))
    await eventually('bgpd to wait for calls', async () => (await this.#summary())?.state === 'Active')
  }

  /** Prefixes of the neighbour in its table. */
  async prefixes(): Promise<number> {
    return (await this.#summary())?.pfxRcd ?? 0
  }

  /** Waits until it has so many, asking as often as it answers. */
  async untilPrefixes(count: number): Promise<void> {
    const what = `bgpd to have ${count} prefixes`
    await eventually(what, async () => (await this.prefixes()) >= count, { timeoutMs: 120_000, everyMs: 1 })
  }

  stop(): void {
    this.#vty?.close()
    this.#daemons.stop()
  }

  async #summary(): Promise<{ state: string; pfxRcd: number } | undefined> {
    const summary = JSON.parse((await this.#vty?.ask('show bgp ipv4 unicast summary json')) ?? '{}')
    return summary.peers?.[this.#neighbour]
  }
}

/** What vtysh speaks with a daemon: to start it for every question would take longer than what is measured. */
class Vty {
  readonly #socket: Socket
  #answer = ''
  #onAnswer: (answer: string) => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.#answer += text
      // An answer ends with three zeros and a result.
      if (this.#answer.at(-4) !== '\0') return
      const answer = this.#answer.slice(0, -4)
      this.#answer = ''
      this.#onAnswer(answer)
    })
  }

  static async connect(path: string): Promise<Vty> {
    const socket = connect(path)
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    const vty = new Vty(socket)
    await vty.ask('enable')
    return vty
  }

  ask(command: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>()
    this.#onAnswer = resolve
    this.#socket.write(`${command}\0`)
    return promise
  }

  close(): void {
    this.#socket.destroy()
  }
}
