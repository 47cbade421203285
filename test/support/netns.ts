import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

let created = 0
const alive = new Set<NetworkNamespace>()

// a test run that is interrupted, or whose hook throws, leaves nothing behind
process.once('exit', () => {
  for (const namespace of alive) namespace.remove()
})

/** Whether this process may make network namespaces; integration tests say so and skip where it may not. */
export function canMakeNamespaces(): boolean {
  return process.getuid?.() === 0
}

/** A network namespace made for a test; loopback is up, duplicate address detection off (addresses work at once). */
export class NetworkNamespace {
  readonly name: string

  constructor(label = 'ns') {
    this.name = `herald-${process.pid}-${created++}-${label}`
    execFileSync('ip', ['netns', 'add', this.name])
    alive.add(this)
    this.ip('link set lo up')
    this.sysctl('net.ipv6.conf.all.accept_dad', 0)
    this.sysctl('net.ipv6.conf.default.accept_dad', 0)
    this.sysctl('net.ipv6.conf.default.router_solicitations', 0)
  }

  get path(): string {
    return `/var/run/netns/${this.name}`
  }

  /** Runs `ip` in the namespace; returns what it printed. Arguments are separated by single spaces. */
  ip(command: string): string {
    return this.exec('ip', command.split(' '))
  }

  sysctl(key: string, value: string | number): void {
    this.exec('sysctl', ['-q', '-w', `${key}=${value}`])
  }

  /** Runs a command in the namespace to its end; returns what it printed, throws when it fails. */
  exec(command: string, args: readonly string[] = [], options: { input?: string } = {}): string {
    return execFileSync('nsenter', [`--net=${this.path}`, command, ...args], {
      encoding: 'utf8',
      input: options.input ?? '',
      stdio: 'pipe',
    })
  }

  spawn(command: string, args: readonly string[] = [], options: SpawnOptions = {}): ChildProcess {
    return spawn('nsenter', [`--net=${this.path}`, command, ...args], options)
  }

  /**
   * Runs `open` with this thread inside the namespace: sockets that it opens belong to it for good. It has to be synchronous; it works in a
   * worker too, and leaves the other threads where they are.
   */
  enter<T>(open: () => T): T {
    return enterNamespace(this.path, open)
  }

  /** Index of an interface of the namespace. */
  interfaceIndex(interfaceName: string): number {
    return this.#link(interfaceName).ifindex
  }

  /** MAC address of an interface of the namespace. */
  mac(interfaceName: string): Uint8Array {
    return Uint8Array.from(this.#link(interfaceName).address.split(':'), byte => Number.parseInt(byte, 16))
  }

  /** Removes the namespace and with it its interfaces, and the other ends of its veth pairs. */
  remove(): void {
    if (!alive.delete(this)) return
    execFileSync('ip', ['netns', 'delete', this.name])
  }

  [Symbol.dispose](): void {
    this.remove()
  }

  #link(interfaceName: string): { ifindex: number; address: string } {
    return linkOf(this.path, interfaceName)
  }
}

/** As NetworkNamespace.enter(), for a namespace that somebody else has made. */
export function enterNamespace<T>(file: string, open: () => T): T {
  return netnsThread().call(file, open) as T
}

/** Index and MAC address of an interface of a namespace. */
export function linkOf(namespaceFile: string, interfaceName: string): { ifindex: number; address: string } {
  const command = [`--net=${namespaceFile}`, 'ip', '-json', 'link', 'show', 'dev', interfaceName]
  const links = JSON.parse(execFileSync('nsenter', command, { encoding: 'utf8', stdio: 'pipe' }))
  return (links as { ifindex: number; address: string }[])[0]!
}

/** Connects two namespaces by a cable: a veth pair, both ends up. */
export function connectByVeth(
  a: { namespace: NetworkNamespace; interfaceName: string },
  b: { namespace: NetworkNamespace; interfaceName: string },
): void {
  a.namespace.ip(`link add ${a.interfaceName} type veth peer name ${b.interfaceName} netns ${b.namespace.name}`)
  b.namespace.ip(`link set ${b.interfaceName} up`)
  a.namespace.ip(`link set ${a.interfaceName} up`)
}

interface NetnsThread {
  call(path: string, run: () => unknown): unknown
}

let loaded: NetnsThread | undefined

// setns() for one thread is not for the product, so it is a tiny addon of its own, built at first use
function netnsThread(): NetnsThread {
  loaded ??= createRequire(import.meta.url)(buildNetnsThread()) as NetnsThread
  return loaded
}

function buildNetnsThread(): string {
  const source = fileURLToPath(new URL('io/netns-thread/netns-thread.c', import.meta.url))
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16)
  const cache = process.env.HERALD_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'herald')
  const output = join(cache, `netns-thread-${hash}`, 'netns-thread.node')
  if (existsSync(output)) return output
  mkdirSync(dirname(output), { recursive: true })
  const include = join(dirname(process.execPath), '..', 'include', 'node')
  const partial = `${output}.${process.pid}`
  execFileSync('cc', ['-shared', '-fPIC', '-O2', '-D_GNU_SOURCE', '-isystem', include, '-o', partial, source])
  renameSync(partial, output)
  return output
}
