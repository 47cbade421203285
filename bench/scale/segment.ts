import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from 'node:net'
import type { ApiServer } from '../../test/support/api-server.ts'
import { connectByVeth, NetworkNamespace } from '../../test/support/netns.ts'
import { relay } from '../arp/api-relay.ts'
import { nodeAddress } from './objects.ts'

/** As livenessSecret() says it. */
const SECRET = 'no secret in a benchmark'

/** A segment with the node of the real speaker at one end and all others at the other, in a network namespace each. */
export class SpeakerSegment {
  readonly node = new NetworkNamespace('scale')
  readonly #others = new NetworkNamespace('scale-others')
  readonly #relays: Server[]
  readonly #speakers: number
  #simulator: ChildProcess | undefined

  constructor(api: ApiServer, speakers: number) {
    this.#speakers = speakers
    connectByVeth({ namespace: this.node, interfaceName: 'eth0' }, { namespace: this.#others, interfaceName: 'eth0' })
    this.node.ip(`address add ${nodeAddress(0)}/24 dev eth0`)
    for (let index = 1; index < speakers; index++) this.#others.ip(`address add ${nodeAddress(index)}/24 dev eth0`)
    this.#relays = [this.node, this.#others].map(namespace => relay(namespace, api))
  }

  /** Begins to renew the Leases of all others, and to answer for them. */
  async simulate(kubeconfig: string): Promise<void> {
    this.#simulator = this.#others.spawn(
      process.execPath,
      ['bench/scale/simulator.ts', kubeconfig, String(this.#speakers), SECRET],
      { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    )
    await once(this.#simulator, 'message')
  }

  /** Makes some of them watch the real one, by number. */
  watch(watchers: readonly number[]): void {
    this.#simulator?.send([...watchers])
  }

  async close(): Promise<void> {
    this.#simulator?.kill('SIGKILL')
    for (const each of this.#relays) each.close()
    this.node.remove()
    this.#others.remove()
  }
}
