import { type ChildProcess, execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { NetworkNamespace } from '../netns.ts'
import { eventually } from '../processes.ts'

const program = '/usr/sbin/bird'

/** Whether BIRD is installed; tests that need it say so and skip where it is not. */
export function hasBird(): boolean {
  return existsSync(program)
}

/** BIRD's BFD in a namespace, with a control socket of its own. */
export class BirdBfd {
  readonly #folder = mkdtempSync(join(tmpdir(), 'herald-bird-'))
  readonly #namespace: NetworkNamespace
  readonly #file = join(this.#folder, 'bird.conf')
  readonly #socket = join(this.#folder, 'bird.ctl')
  #process: ChildProcess | undefined

  /** @param bfd the inside of `protocol bfd { … }` */
  constructor(namespace: NetworkNamespace, bfd: string) {
    this.#namespace = namespace
    this.#write(bfd)
  }

  async start(): Promise<void> {
    const args = ['-f', '-c', this.#file, '-s', this.#socket]
    this.#process = this.#namespace.spawn(program, args, { stdio: 'ignore' })
    await eventually('bird', () => existsSync(this.#socket), { timeoutMs: 15_000 })
  }

  /** Changes what `protocol bfd` says, without starting it again. */
  async configure(bfd: string): Promise<void> {
    this.#write(bfd)
    await this.#command('configure')
  }

  /** State and intervals of the only session: `Up 0.100 0.300` (interval, detection time, in seconds); empty while there is none. */
  async session(): Promise<string> {
    const line = (await this.#command('show bfd sessions'))
      .split('\n')
      .find(line => /^[0-9a-f.:]+ +veth0|^[0-9a-f.:]+ +---/.test(line))
    const [, , state, , interval, timeout] = line?.split(/\s+/) ?? []
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
    this.#process?.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #write(bfd: string): void {
    writeFileSync(this.#file, `router id 192.0.2.254;\nprotocol device {}\nprotocol bfd {\n${bfd}\n}\n`)
  }

  async #command(command: string): Promise<string> {
    return (await promisify(execFile)('/usr/sbin/birdc', ['-s', this.#socket, command], { timeout: 5_000 })).stdout
  }
}
