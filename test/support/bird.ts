import { type ChildProcess, execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { NetworkNamespace } from './netns.ts'
import { eventually } from './processes.ts'

const program = '/usr/sbin/bird'

/** Whether BIRD is installed; tests that need it say so and skip where it is not. */
export function hasBird(): boolean {
  return existsSync(program)
}

/** BIRD 2 in a namespace, with files and a socket of its own. */
export class BirdDaemon {
  readonly #folder = mkdtempSync(join(tmpdir(), 'herald-bird-'))
  readonly #namespace: NetworkNamespace
  #process: ChildProcess | undefined

  constructor(namespace: NetworkNamespace, config: string) {
    this.#namespace = namespace
    this.#write(config)
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<void> {
    const files = ['-c', this.#file('conf'), '-s', this.#file('ctl'), '-P', this.#file('pid')]
    this.#process = this.#namespace.spawn(program, ['-f', ...files], { stdio: 'ignore' })
    const answers = async () => (await this.birdc('show', 'status')).includes('up and running')
    await eventually('bird', answers, { timeoutMs: 15_000 })
  }

  /** Takes another configuration in without starting again. */
  async configure(config: string): Promise<void> {
    this.#write(config)
    await this.birdc('configure')
  }

  /** Runs a command; what it printed, empty when BIRD does not answer. */
  async birdc(...command: string[]): Promise<string> {
    const args = ['-s', this.#file('ctl'), ...command]
    const result = await promisify(execFile)('/usr/sbin/birdc', args, {
      timeout: 5_000,
      maxBuffer: 64 * 2 ** 20,
    }).catch(() => undefined)
    return result?.stdout ?? ''
  }

  /** Kills it without a word, or stops and continues it. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  stop(): void {
    this.signal('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #file(name: string): string {
    return join(this.#folder, name)
  }

  #write(config: string): void {
    writeFileSync(this.#file('conf'), config)
  }
}
