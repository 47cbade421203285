import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { NetworkNamespace } from '../../test/support/netns.ts'
import { eventually } from '../../test/support/processes.ts'
import { residentMb } from '../figures.ts'
import { chartNodeFlags, HERALD_ENVIRONMENT } from '../herald-bundles.ts'
import { NODE_AS, ROUTER_AS } from './frr-receiver.ts'
import type { Changed, HeraldAnnouncerInit } from './herald-announcer.ts'
import { mrtTable } from './mrt.ts'
import { announcedAddress, announcedValue } from './prefixes.ts'

/** Something that announces prefixes to routers, as a process. */
export interface AnnouncerKind {
  readonly name: string
  /** Starts it; when that is done, it has all its routes and calls its routers. */
  start(namespace: NetworkNamespace, init: AnnouncerInit): Promise<Announcer>
}

export interface AnnouncerInit {
  /** addresses that it calls */
  readonly routers: readonly string[]
  readonly port: number
  readonly prefixes: number
}

export interface Announcer {
  /** resident memory now */
  memoryMb(): number
  stop(): Promise<void>
}

export interface HeraldAnnouncer extends Announcer {
  /** Takes a route away, or brings it back; when that began. */
  change(index: number): Promise<Changed>
}

/** Herald's driver, bundled as the image's processes are. */
export class Herald implements AnnouncerKind {
  readonly name = 'Herald'
  readonly #services: boolean
  readonly #folder = temporaryFolder()
  #built: Promise<unknown> | undefined

  constructor({ services = false } = {}) {
    this.#services = services
  }

  async start(namespace: NetworkNamespace, init: AnnouncerInit): Promise<HeraldAnnouncer> {
    const bundle = join(this.#folder, 'announcer.mjs')
    this.#built ??= build({
      entryPoints: [join(import.meta.dirname, 'herald-announcer.ts')],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      minify: true,
      keepNames: true,
    })
    await this.#built
    const argument: HeraldAnnouncerInit = { ...init, localAs: NODE_AS, peerAs: ROUTER_AS, services: this.#services }
    const child = namespace.spawn(process.execPath, [...chartNodeFlags('speaker'), bundle, JSON.stringify(argument)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...HERALD_ENVIRONMENT },
    })
    await once(child, 'message')
    return {
      ...running(child),
      async change(index) {
        const answered = once(child, 'message')
        child.send(index)
        return (await answered)[0] as Changed
      },
    }
  }
}

/** BIRD with static routes. */
export const bird: AnnouncerKind = {
  name: 'BIRD',
  async start(namespace, { routers, port, prefixes }) {
    const folder = temporaryFolder()
    const lines = [
      'router id 192.0.2.1;',
      'protocol device {}',
      'protocol static { ipv4;',
      ...Array.from({ length: prefixes }, (_, index) => ` route ${announcedAddress(index)}/32 blackhole;`),
      '}',
      ...routers.flatMap((router, i) => [
        `protocol bgp router${i} {`,
        ` local as ${NODE_AS}; neighbor ${router} port ${port} as ${ROUTER_AS}; direct;`,
        ' connect delay time 1; connect retry time 1; error wait time 1, 2;',
        ' ipv4 { import none; export all; };',
        '}',
      ]),
    ]
    writeFileSync(join(folder, 'conf'), `${lines.join('\n')}\n`)
    const socket = join(folder, 'ctl')
    const child = namespace.spawn('bird', ['-f', '-c', join(folder, 'conf'), '-s', socket], { stdio: 'ignore' })
    await untilSays(`${prefixes} of ${prefixes} routes`, () =>
      namespace.exec('birdc', ['-s', socket, 'show', 'route', 'count', 'table', 'master4']),
    )
    return running(child)
  },
}

const OWN_ADDRESS = 0xc0000201
const PADDING = 4_096

/** GoBGP with routes of its own, put in by its command line. */
export const gobgp: AnnouncerKind = {
  name: 'GoBGP',
  async start(namespace, { routers, port, prefixes }) {
    const folder = temporaryFolder()
    const config = {
      global: { config: { as: NODE_AS, 'router-id': '192.0.2.1', port: -1 } },
      neighbors: routers.map(router => ({
        config: { 'neighbor-address': router, 'peer-as': ROUTER_AS },
        transport: { config: { 'remote-port': port } },
        timers: { config: { 'connect-retry': 1, 'idle-hold-time-after-reset': 1 } },
        'afi-safis': [{ config: { 'afi-safi-name': 'ipv4-unicast' } }],
      })),
    }
    writeFileSync(join(folder, 'conf.json'), JSON.stringify(config))
    const flags = ['-t', 'json', '-f', join(folder, 'conf.json'), '--pprof-disable', '-l', 'error']
    const child = namespace.spawn('gobgpd', [...flags, '--api-hosts', '127.0.0.1:50051'], { stdio: 'ignore' })
    const summary = () => namespace.exec('gobgp', ['global', 'rib', 'summary'])
    await untilSays('Destination: 0', summary)
    const values = Array.from({ length: prefixes }, (_, index) => announcedValue(index))
    const file = join(folder, 'table.mrt')
    // Its command ends before the last thousand or so of a table have been taken in, so they are followed by as many that are there already.
    const padded = Array.from(
      { length: prefixes > 0 ? prefixes + PADDING : 0 },
      (_, index) => values[index % prefixes]!,
    )
    writeFileSync(file, mrtTable(padded, { peer: OWN_ADDRESS, nextHop: OWN_ADDRESS }))
    if (prefixes > 0) namespace.exec('gobgp', ['mrt', 'inject', 'global', file])
    await untilSays(`Destination: ${prefixes}`, summary)
    return running(child)
  },
}

function running(child: ChildProcess): Announcer {
  const exited = once(child, 'exit')
  return {
    memoryMb: () => residentMb(child.pid ?? 0),
    async stop() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** Waits until a program says this; meanwhile it may fail. */
async function untilSays(text: string, ask: () => string): Promise<void> {
  const probe = () => {
    try {
      return ask().includes(text)
    } catch {
      return false
    }
  }
  await eventually(`"${text}"`, probe, { timeoutMs: 60_000, everyMs: 100 })
}

const folders: string[] = []
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'herald-bench-bgp-'))
  folders.push(folder)
  return folder
}
