import { type ChildProcess, execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { until } from '../io/until.ts'
import type { NetworkNamespace } from '../netns.ts'

const daemons = ['zebra', 'bfdd'] as const

/** Whether FRR's daemons are installed; tests that need them say so and skip where they are not. */
export function hasFrr(): boolean {
  return daemons.every(daemon => existsSync(`/usr/lib/frr/${daemon}`))
}

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

/** FRR's bfdd, and the zebra that tells it of interfaces, in a namespace, with sockets of their own. */
export class Frr {
  readonly #folder = mkdtempSync(join(tmpdir(), 'herald-frr-'))
  readonly #namespace: NetworkNamespace
  readonly #processes = new Map<string, ChildProcess>()

  /** @param config bfdd's configuration */
  constructor(namespace: NetworkNamespace, config: string) {
    writeFileSync(join(this.#folder, 'zebra.conf'), 'hostname zebra\n')
    writeFileSync(join(this.#folder, 'bfdd.conf'), config)
    // The daemons give up root for their own user.
    execFileSync('chown', ['-R', 'frr:frr', this.#folder])
    this.#namespace = namespace
  }

  /** Starts the daemons and waits until bfdd answers. */
  async start(): Promise<void> {
    // bfdd that does not find zebra tries again only seconds later.
    this.#spawn('zebra')
    await until('zebra', () => existsSync(join(this.#folder, 'zserv.api')), 10_000)
    this.#spawn('bfdd', '--bfdctl', join(this.#folder, 'bfdd.sock'))
    await until('bfdd', () => existsSync(join(this.#folder, 'bfdd.vty')), 10_000)
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
  async vtysh(...commands: string[]): Promise<string> {
    const args = ['--vty_socket', this.#folder, '-d', 'bfdd', ...commands.flatMap(command => ['-c', command])]
    return (await promisify(execFile)('vtysh', args, { timeout: 5_000 })).stdout
  }

  /** What bfdd wrote to its log. */
  log(): string {
    const file = join(this.#folder, 'bfdd.log')
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }

  /** Ends bfdd without a word. */
  kill(): void {
    this.#processes.get('bfdd')?.kill('SIGKILL')
  }

  #spawn(daemon: (typeof daemons)[number], ...options: string[]): void {
    const file = (suffix: string) => join(this.#folder, `${daemon}.${suffix}`)
    const files = ['--config_file', file('conf'), '--pid_file', file('pid'), '--log', `file:${file('log')}`]
    const sockets = ['--vty_socket', this.#folder, '--vty_port', '0', '--socket', join(this.#folder, 'zserv.api')]
    // They keep notes for crash reports in a fixed folder; a mount namespace makes it their own.
    const privately = 'mkdir -p /var/tmp/frr; mount -t tmpfs -o mode=0777 tmpfs /var/tmp/frr; exec "$@"'
    const shell = ['--mount', '--propagation', 'private', 'sh', '-ec', privately, 'sh']
    const command = [...shell, `/usr/lib/frr/${daemon}`, ...files, ...sockets, ...options]
    this.#processes.set(daemon, this.#namespace.spawn('unshare', command, { stdio: 'ignore' }))
  }

  stop(): void {
    for (const child of this.#processes.values()) child.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
