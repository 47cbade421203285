import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab } from '../../../lab/lab.ts'
import { run } from '../../../lab/process.ts'
import { NetworkNamespace } from '../netns.ts'
import { openSender } from './asker.ts'
import { answerFrame, claimFrame, probeFrame, type Speaking } from './frames.ts'

let made = 0

/** A host on segment A that has nothing to do with the cluster. */
export class ForeignHost {
  readonly namespace: NetworkNamespace
  readonly self: Speaking

  static async plugIn(lab: Lab): Promise<ForeignHost> {
    const number = ++made
    const namespace = new NetworkNamespace('foreign')
    const self = {
      mac: `02:00:00:00:0f:${number.toString(16).padStart(2, '0')}`,
      ipv4: `192.0.2.${210 + number}`,
      ipv6: `2001:db8:a::${210 + number}`,
    }
    const port = `foreign-${number}`
    const { switchNamespace } = lab.topology
    namespace.ip(`link add eth0 address ${self.mac} type veth peer name ${port} netns ${switchNamespace}`)
    await run(['ip', '-n', switchNamespace, 'link', 'set', port, 'master', 'segment-a', 'up'])
    namespace.ip('link set eth0 up')
    namespace.ip(`address add ${self.ipv4}/24 dev eth0`)
    namespace.ip(`address add ${self.ipv6}/64 dev eth0 nodad`)
    return new ForeignHost(namespace, self)
  }

  private constructor(namespace: NetworkNamespace, self: Speaking) {
    this.namespace = namespace
    this.self = self
  }

  /** Has the address, as any host has its own: the kernel answers for it. */
  own(address: string): void {
    const v6 = address.includes(':')
    this.namespace.ip(`address add ${address}/${v6 ? 64 : 24} dev eth0${v6 ? ' nodad' : ''}`)
  }

  disown(address: string): void {
    this.namespace.ip(`address del ${address}/${address.includes(':') ? 64 : 24} dev eth0`)
  }

  /** Announces the address to all, `times` times, without owning it. */
  async claim(address: string, options: { times?: number; everyMs?: number } = {}): Promise<void> {
    await this.#send(claimFrame(this.self, address), options)
  }

  /** Asks for the address like one that thinks of taking it. */
  async probe(address: string, options: { times?: number; everyMs?: number } = {}): Promise<void> {
    await this.#send(probeFrame(this.self, address), options)
  }

  /** Answers one host for the address, which did not ask. */
  async answer(to: Speaking, address: string): Promise<void> {
    await this.#send(answerFrame(this.self, to, address), {})
  }

  remove(): void {
    this.namespace.remove()
  }

  async #send(frame: Uint8Array, { times = 1, everyMs = 1000 }: { times?: number; everyMs?: number }): Promise<void> {
    const socket = openSender(this.namespace.path, 'eth0', 0x0806)
    for (let i = 0; i < times; i++) {
      if (i > 0) await sleep(everyMs)
      if (socket.send([frame]) !== 1) throw new Error('the foreign host could not send')
    }
    socket.close()
  }
}
