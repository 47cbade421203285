import { type ChildProcess, execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Family } from '../../../src/ip/address.ts'
import { spawnDaemon } from '../daemon.ts'
import type { NetworkNamespace } from '../netns.ts'
import { eventually } from '../processes.ts'
import type { BgpRouter, BgpRouterInit, LearnedRoute, Neighbour } from './router.ts'

const program = '/usr/sbin/bird'

export function hasBird(): boolean {
  return existsSync(program)
}

/** BIRD 2 in a namespace, with files and a socket of its own. */
export class BirdRouter implements BgpRouter {
  readonly name = 'BIRD'
  readonly #folder = mkdtempSync(join(tmpdir(), 'herald-bird-'))
  readonly #namespace: NetworkNamespace
  readonly #protocols = new Map<string, string>()
  #process: ChildProcess | undefined

  constructor(namespace: NetworkNamespace, init: BgpRouterInit) {
    this.#namespace = namespace
    for (const [i, { address }] of init.neighbours.entries()) this.#protocols.set(address, `n${i}`)
    const lines = [
      `log "${join(this.#folder, 'log')}" all;`,
      `router id ${init.routerId};`,
      'debug protocols { states, events };',
      'protocol device {}',
      ...(init.neighbours.some(({ bfd }) => bfd)
        ? ['protocol bfd {', ' interface "*" { interval 100 ms; };', '}']
        : []),
      ...init.neighbours.flatMap(neighbour => protocolLines(this.#protocols.get(neighbour.address)!, neighbour)),
    ]
    writeFileSync(join(this.#folder, 'conf'), `${lines.join('\n')}\n`)
  }

  async start(): Promise<void> {
    const files = ['-c', join(this.#folder, 'conf'), '-s', this.#socket, '-P', join(this.#folder, 'pid')]
    this.#process = spawnDaemon(this.#namespace, program, ['-f', ...files])
    await eventually('bird', async () => (await this.#birdc('show', 'status')).includes('up and running'), {
      timeoutMs: 15_000,
    })
  }

  stop(): void {
    this.#process?.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  async established(neighbour: string): Promise<boolean> {
    return /BGP state:\s+Established/.test(await this.#birdc('show', 'protocols', 'all', this.#protocol(neighbour)))
  }

  async routes(neighbour: string, family: Family): Promise<ReadonlyMap<string, LearnedRoute>> {
    const query = ['show', 'route', 'all', 'table', `master${family}`, 'protocol', this.#protocol(neighbour)]
    return parseRoutes(await this.#birdc(...query))
  }

  async refresh(neighbour: string): Promise<void> {
    await this.#birdc('reload', 'in', this.#protocol(neighbour))
  }

  async log(): Promise<string> {
    const file = join(this.#folder, 'log')
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }

  /** What the router says of a session, for people. */
  describe(neighbour: string): Promise<string> {
    return this.#birdc('show', 'protocols', 'all', this.#protocol(neighbour))
  }

  get #socket(): string {
    return join(this.#folder, 'ctl')
  }

  #protocol(neighbour: string): string {
    const name = this.#protocols.get(neighbour)
    if (name === undefined) throw new Error(`BIRD knows no neighbour ${neighbour}`)
    return name
  }

  async #birdc(...command: string[]): Promise<string> {
    const options = { timeout: 10_000, maxBuffer: 64 * 2 ** 20 }
    return (await promisify(execFile)('birdc', ['-s', this.#socket, ...command], options)).stdout
  }
}

function protocolLines(name: string, neighbour: Neighbour): string[] {
  const { address, routerAddress, routerAs, peerAs, families, holdTimeSeconds = 90 } = neighbour
  const nextHop = neighbour.extendedNextHop ? ' extended next hop on;' : ''
  const single = neighbour.multihop ? 'multihop 8;' : 'direct;'
  return [
    `protocol bgp ${name} {`,
    ` local ${routerAddress} as ${routerAs};`,
    ` neighbor ${address} as ${peerAs};`,
    ` ${single}`,
    ` hold time ${holdTimeSeconds};`,
    ' connect delay time 1; connect retry time 1; error wait time 1, 2;',
    ` passive ${neighbour.passive ? 'on' : 'off'};`,
    ...(neighbour.password === undefined ? [] : [` password "${neighbour.password}";`]),
    ...(neighbour.ttlSecurity ? [' ttl security on;'] : []),
    ...(neighbour.twoOctetAs ? [' enable as4 off;'] : []),
    ...(neighbour.gracefulRestart ? [' graceful restart on;'] : []),
    ...(neighbour.bfd ? [' bfd on;'] : []),
    ...families.map(family => ` ipv${family} { import all; export none;${nextHop} };`),
    '}',
  ]
}

function parseRoutes(text: string): Map<string, LearnedRoute> {
  const routes = new Map<string, LearnedRoute>()
  let prefix = ''
  let attributes = new Map<string, string>()
  const finish = (): void => {
    if (prefix) routes.set(prefix, routeOf(attributes))
  }
  for (const line of text.split('\n')) {
    const head = /^([0-9a-f.:]+\/\d+)\s/.exec(line)
    if (head) {
      finish()
      prefix = head[1]!
      attributes = new Map()
    }
    const attribute = /^\s+BGP\.(\w+): ?(.*)$/.exec(line)
    if (attribute) attributes.set(attribute[1]!, attribute[2]!)
  }
  finish()
  return routes
}

function routeOf(attributes: ReadonlyMap<string, string>): LearnedRoute {
  const tuples = (name: string) =>
    [...(attributes.get(name) ?? '').matchAll(/\(([^)]*)\)/g)].map(([, inside]) => inside!.replace(/,\s*/g, ':'))
  // BIRD does not know it by name: type and sub-type 0x4004, the AS number, and a float.
  const bandwidth = /^unknown 0x4004:\d+:(\d+)$/.exec(tuples('ext_community')[0] ?? '')?.[1]
  const preference = attributes.get('local_pref')
  return {
    nextHop: attributes.get('next_hop') ?? '',
    asPath: attributes.get('as_path') ?? '',
    origin: attributes.get('origin') ?? '',
    localPreference: preference === undefined ? undefined : Number(preference),
    communities: tuples('community'),
    largeCommunities: tuples('large_community'),
    linkBandwidth: bandwidth === undefined ? undefined : floatOf(Number(bandwidth)),
  }
}

function floatOf(bits: number): number {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint32(0, bits)
  return view.getFloat32(0)
}
