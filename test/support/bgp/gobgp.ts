import { type ChildProcess, execFile } from 'node:child_process'
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Family } from '../../../src/ip/address.ts'
import { spawnDaemon } from '../daemon.ts'
import type { NetworkNamespace } from '../netns.ts'
import { eventually } from '../processes.ts'
import type { BgpRouter, BgpRouterInit, LearnedRoute, Neighbour } from './router.ts'

const program = '/usr/bin/gobgpd'

export function hasGobgp(): boolean {
  return existsSync(program)
}

/** GoBGP in a namespace. */
export class GobgpRouter implements BgpRouter {
  readonly name = 'GoBGP'
  readonly #folder = mkdtempSync(join(tmpdir(), 'herald-gobgp-'))
  readonly #namespace: NetworkNamespace
  #process: ChildProcess | undefined

  constructor(namespace: NetworkNamespace, init: BgpRouterInit) {
    this.#namespace = namespace
    const global = { as: init.asNumber, 'router-id': init.routerId, port: 179 }
    const neighbours = init.neighbours.map(neighbour => neighbourConfig(neighbour, init.asNumber))
    writeFileSync(
      join(this.#folder, 'conf.json'),
      JSON.stringify({ global: { config: global }, neighbors: neighbours }),
    )
  }

  async start(): Promise<void> {
    const log = openSync(join(this.#folder, 'log'), 'w')
    const options = ['-t', 'json', '-f', join(this.#folder, 'conf.json'), '--pprof-disable', '-l', 'debug', '-p']
    this.#process = spawnDaemon(this.#namespace, program, [...options, '--api-hosts', '127.0.0.1:50051'], {
      stdio: ['ignore', log, log],
    })
    await eventually('gobgpd', async () => Boolean(await this.#gobgp('global')), { timeoutMs: 15_000, everyMs: 100 })
  }

  stop(): void {
    this.#process?.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  async established(neighbour: string): Promise<boolean> {
    const { state } = JSON.parse(await this.#gobgp('neighbor', neighbour)) as { state: { session_state?: number } }
    // SessionState of GoBGP's API
    return state.session_state === 6
  }

  async routes(neighbour: string, family: Family): Promise<ReadonlyMap<string, LearnedRoute>> {
    const text = await this.#gobgp('neighbor', neighbour, 'adj-in', '-a', `ipv${family}`)
    const table = (text.trim() ? JSON.parse(text) : {}) as Record<string, readonly { attrs: readonly Attribute[] }[]>
    return new Map(Object.entries(table).map(([prefix, [path]]) => [prefix, learned(path?.attrs ?? [])]))
  }

  async refresh(neighbour: string): Promise<void> {
    await this.#gobgp('neighbor', neighbour, 'softresetin')
  }

  async log(): Promise<string> {
    return readFileSync(join(this.#folder, 'log'), 'utf8')
  }

  async #gobgp(...command: string[]): Promise<string> {
    const args = [`--net=${this.#namespace.path}`, 'gobgp', '-j', ...command]
    return (await promisify(execFile)('nsenter', args, { timeout: 10_000, maxBuffer: 64 * 2 ** 20 })).stdout
  }
}

interface Attribute {
  readonly type: number
  readonly value?: unknown
  readonly nexthop?: string
  readonly as_paths?: readonly { readonly asns: readonly number[] }[]
  readonly communities?: readonly number[]
}

function learned(attributes: readonly Attribute[]): LearnedRoute {
  const of = (type: number) => attributes.find(attribute => attribute.type === type)
  const list = (type: number) => (of(type)?.value ?? []) as readonly Record<string, number>[]
  const path = of(2)?.as_paths ?? []
  return {
    // NEXT_HOP, else that of MP_REACH_NLRI
    nextHop: of(3)?.nexthop ?? of(14)?.nexthop ?? '',
    asPath: path.flatMap(({ asns }) => asns).join(' '),
    origin: ['IGP', 'EGP', 'incomplete'][Number(of(1)?.value ?? 0)]!,
    localPreference: of(5)?.value as number | undefined,
    communities: (of(8)?.communities ?? []).map(value => `${value >>> 16}:${value & 0xffff}`),
    largeCommunities: list(32).map(({ ASN, LocalData1, LocalData2 }) => `${ASN}:${LocalData1}:${LocalData2}`),
    linkBandwidth: list(16).find(({ type, subtype }) => type === 0x40 && subtype === 4)?.bandwidth,
  }
}

function neighbourConfig(neighbour: Neighbour, asNumber: number): object {
  const { address, routerAddress, routerAs, peerAs, families, holdTimeSeconds = 90 } = neighbour
  const restart = neighbour.gracefulRestart === true
  return {
    config: {
      'neighbor-address': address,
      'peer-as': peerAs,
      ...(routerAs !== asNumber && { 'local-as': routerAs }),
      ...(neighbour.password !== undefined && { 'auth-password': neighbour.password }),
    },
    transport: { config: { 'passive-mode': neighbour.passive === true, 'local-address': routerAddress } },
    timers: {
      config: { 'hold-time': holdTimeSeconds, 'connect-retry': 1, 'idle-hold-time-after-reset': 1 },
    },
    ...(neighbour.ttlSecurity && { 'ttl-security': { config: { enabled: true, 'ttl-min': 255 } } }),
    ...(neighbour.multihop && { 'ebgp-multihop': { config: { enabled: true, 'multihop-ttl': 8 } } }),
    ...(restart && { 'graceful-restart': { config: { enabled: true, 'restart-time': 60, 'helper-only': true } } }),
    'afi-safis': families.map(family => ({
      config: { 'afi-safi-name': `ipv${family}-unicast` },
      ...(restart && { 'mp-graceful-restart': { config: { enabled: true } } }),
    })),
  }
}
