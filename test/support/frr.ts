import { type ChildProcess, execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { spawnDaemon } from './daemon.ts'
import type { NetworkNamespace } from './netns.ts'
import { eventually } from './processes.ts'

/** In the order in which they are started: one that does not find zebra tries again only seconds later. */
const daemons = ['zebra', 'bfdd', 'bgpd'] as const
export type FrrDaemon = (typeof daemons)[number]

/** Whether FRR's daemons are installed; tests that need them say so and skip where they are not. */
export function hasFrr(): boolean {
  return daemons.every(daemon => existsSync(`/usr/lib/frr/${daemon}`))
}

/** Some of FRR's daemons in a namespace, with files and sockets of their own. */
export class FrrDaemons {
  readonly #folder = mkdtempSync(join(tmpdir(), 'herald-frr-'))
  readonly #namespace: NetworkNamespace
  readonly #daemons: readonly FrrDaemon[]
  readonly #processes = new Map<FrrDaemon, ChildProcess>()

  /** @param configs what each daemon is configured with; those without are not started */
  constructor(namespace: NetworkNamespace, configs: Partial<Record<FrrDaemon, string>>) {
    this.#namespace = namespace
    this.#daemons = daemons.filter(daemon => configs[daemon] !== undefined)
    for (const daemon of this.#daemons) writeFileSync(this.#file(daemon, 'conf'), configs[daemon]!)
    // The daemons give up root for their own user.
    execFileSync('chown', ['-R', 'frr:frr', this.#folder])
  }

  /** Starts the daemons and waits until each answers. */
  async start(): Promise<void> {
    for (const daemon of this.#daemons) {
      this.#spawn(daemon)
      const socket = daemon === 'zebra' ? 'zserv.api' : `${daemon}.vty`
      await eventually(daemon, () => existsSync(join(this.#folder, socket)), { timeoutMs: 15_000 })
    }
  }

  /** Runs commands one after the other, without holding up this process; what they printed. */
  async vtysh(daemon: FrrDaemon, ...commands: string[]): Promise<string> {
    const args = ['--vty_socket', this.#folder, '-d', daemon, ...commands.flatMap(command => ['-c', command])]
    return (await promisify(execFile)('vtysh', args, { timeout: 10_000, maxBuffer: 64 * 2 ** 20 })).stdout
  }

  /** The socket at which a daemon takes commands, those of vtysh among them. */
  vtySocket(daemon: FrrDaemon): string {
    return this.#file(daemon, 'vty')
  }

  /** What a daemon wrote to its log. */
  log(daemon: FrrDaemon): string {
    const file = this.#file(daemon, 'log')
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }

  /** Kills a daemon without a word, or stops and continues it. */
  kill(daemon: FrrDaemon, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' = 'SIGKILL'): void {
    this.#processes.get(daemon)?.kill(signal)
  }

  stop(): void {
    for (const child of this.#processes.values()) child.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #file(daemon: FrrDaemon, suffix: string): string {
    return join(this.#folder, `${daemon}.${suffix}`)
  }

  #spawn(daemon: FrrDaemon): void {
    const file = (suffix: string) => this.#file(daemon, suffix)
    const files = ['--config_file', file('conf'), '--pid_file', file('pid'), '--log', `file:${file('log')}`]
    const sockets = ['--vty_socket', this.#folder, '--vty_port', '0', '--socket', join(this.#folder, 'zserv.api')]
    const options = daemon === 'bfdd' ? ['--bfdctl', join(this.#folder, 'bfdd.sock')] : []
    if (daemon === 'bgpd' && !this.#daemons.includes('zebra')) options.push('--no_zebra')
    // They keep notes for crash reports in a fixed folder; a mount namespace makes it their own.
    const privately = 'mkdir -p /var/tmp/frr; mount -t tmpfs -o mode=0777 tmpfs /var/tmp/frr; exec "$@"'
    const shell = ['--mount', '--propagation', 'private', 'sh', '-ec', privately, 'sh']
    const command = [...shell, `/usr/lib/frr/${daemon}`, ...files, ...sockets, ...options]
    this.#processes.set(daemon, spawnDaemon(this.#namespace, 'unshare', command))
  }
}
