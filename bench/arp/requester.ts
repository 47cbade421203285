import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDir } from '../../lab/paths.ts'
import { run } from '../../lab/process.ts'
import type { NetworkNamespace } from '../../test/support/netns.ts'

export interface Latency {
  readonly sent: number
  readonly answered: number
  /** of those answered, ascending */
  readonly latenciesUs: readonly number[]
}

export interface Flood {
  readonly sent: number
  readonly answered: number
  /** the time that sending took */
  readonly seconds: number
}

/** Which addresses are asked for: so many from the first one on. */
export interface Targets {
  readonly first: string
  readonly count: number
}

/** Asks by ARP, from an interface in a network namespace. */
export class Requester {
  readonly #program: string
  readonly #from: { namespace: NetworkNamespace; interfaceName: string; address: string }

  private constructor(program: string, from: { namespace: NetworkNamespace; interfaceName: string; address: string }) {
    this.#program = program
    this.#from = from
  }

  /** Builds the program, or finds it in the cache. */
  static async make(from: { namespace: NetworkNamespace; interfaceName: string; address: string }): Promise<Requester> {
    const source = join(import.meta.dirname, 'requester.c')
    const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16)
    const program = join(cacheDir(), `arp-requester-${hash}`)
    if (!existsSync(program)) {
      await mkdir(cacheDir(), { recursive: true })
      const partial = `${program}.${process.pid}`
      await run([process.env.CC ?? 'cc', '-O2', '-Wall', '-Wextra', '-Werror', '-o', partial, source])
      await rename(partial, program)
    }
    return new Requester(program, from)
  }

  /** One request at a time, each `gapUs` after the last one's answer. */
  latency(targets: Targets, { requests, gapUs }: { requests: number; gapUs: number }): Promise<Latency> {
    return this.#run(targets, ['latency', String(requests), String(gapUs)])
  }

  /** So many requests a second, whether they are answered or not. */
  flood(targets: Targets, { perSecond, seconds }: { perSecond: number; seconds: number }): Promise<Flood> {
    return this.#run(targets, ['flood', String(perSecond), String(seconds)])
  }

  async #run<T>({ first, count }: Targets, how: string[]): Promise<T> {
    const { namespace, interfaceName, address } = this.#from
    const command = [this.#program, interfaceName, address, first, String(count), ...how]
    const { stdout } = await run(['nsenter', `--net=${namespace.path}`, ...command], { timeoutMs: 60_000 })
    return JSON.parse(stdout) as T
  }
}
