import { setTimeout } from 'node:timers/promises'
import { BirdDaemon } from '../bird.ts'
import type { NetworkNamespace } from '../netns.ts'

export { hasBird } from '../bird.ts'

/** BIRD's BFD in a namespace. */
export class BirdBfd {
  readonly #daemon: BirdDaemon

  /** @param bfd the inside of `protocol bfd { … }` */
  constructor(namespace: NetworkNamespace, bfd: string) {
    this.#daemon = new BirdDaemon(namespace, configOf(bfd))
  }

  start(): Promise<void> {
    return this.#daemon.start()
  }

  /** Changes what `protocol bfd` says, without starting it again. */
  configure(bfd: string): Promise<void> {
    return this.#daemon.configure(configOf(bfd))
  }

  /** State, interval and detection time of the only session, in seconds: `Up 0.100 0.300`; empty while there is none. */
  async session(): Promise<string> {
    const lines = (await this.#daemon.birdc('show', 'bfd', 'sessions')).split('\n')
    const [, , state, , interval, timeout] =
      lines.find(line => /^[0-9a-f.:]+ +(veth0|---)/.test(line))?.split(/\s+/) ?? []
    return state === undefined ? '' : `${state} ${interval} ${timeout}`
  }

  /** Waits until the only session is as wished. */
  async until(wished: RegExp, timeoutMs = 10_000): Promise<string> {
    const deadlineMs = performance.now() + timeoutMs
    for (;;) {
      const session = await this.session()
      if (wished.test(session)) return session
      if (performance.now() > deadlineMs)
        throw new Error(`waited ${timeoutMs} ms in vain for ${wished}; it is ${session}`)
      await setTimeout(20)
    }
  }

  stop(): void {
    this.#daemon.stop()
  }
}

function configOf(bfd: string): string {
  return `router id 192.0.2.254;\nprotocol device {}\nprotocol bfd {\n${bfd}\n}\n`
}
