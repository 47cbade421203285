import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { SystemClock } from '../../src/io/clock.ts'
import { ApiClient } from '../../src/kubernetes/client.ts'
import { loadCredentials } from '../../src/kubernetes/credentials.ts'
import { silentLogger } from '../../src/kubernetes/logger.ts'
import { services as serviceKind } from '../../src/kubernetes/resources.ts'
import { type ApiServer, startApiServer } from '../../test/support/api-server.ts'
import type { NetworkNamespace } from '../../test/support/netns.ts'
import { relay } from '../arp/api-relay.ts'
import { apply, createServices, defineKinds } from '../arp/cluster.ts'
import { livenessSecret, surroundings } from '../arp/speakers.ts'
import { mb, ms, percentile, residentMb, spread, table, times } from '../figures.ts'
import { buildHerald, chartNodeFlags, HERALD_ENVIRONMENT } from '../herald-bundles.ts'
import { buildMetallb, metallbVersion } from '../metallb.ts'
import { NODE_AS, ROUTER_AS } from './frr-receiver.ts'
import { fewestUpdates } from './full-table.ts'
import type { Gate } from './gate.ts'
import { monotonicMs } from './message-counter.ts'
import { announcedAddress, POOL } from './prefixes.ts'
import { ROUTER_PORT, RouterScene } from './scene.ts'

/** A whole speaker, whose namespace in the cluster has its name. */
interface SpeakerKind {
  readonly name: string
  readonly namespace: string
  start(node: NetworkNamespace, api: ApiServer): ChildProcess
}

interface Run {
  /** from the start of the process to the last prefix in the router's table */
  readonly fromStartMs: number
  /** the same, from the moment at which its call to the router was taken */
  readonly fromCallMs: number
  readonly updates: number
  readonly octets: number
  readonly memoryMb: number
  /** from the API server's answer to the write of a Service to the UPDATE */
  readonly changesMs: readonly number[]
}

/** A round changes so many Services, twice each. */
const CHANGED = 50
const PAUSE_MS = 50

/** Herald's whole speaker and MetalLB's with its native BGP in turn, under one API server with so many Services. Prints tables. */
export async function speakers({ rounds, services }: { rounds: number; services: number }): Promise<void> {
  const kinds = [await herald(), await metallb()]
  const api = await startApiServer()
  try {
    await defineKinds(api, { metallbToo: true })
    console.error(`bench: creating ${services} Services`)
    await createServices(
      api,
      Array.from({ length: services }, (_, index) => announcedAddress(index)),
    )
    for (const { namespace } of kinds) await apply(api, [...surroundings(namespace), ...configuration(namespace)])
    await apply(api, [livenessSecret('herald')])
    const runs = new Map<SpeakerKind, Run[]>(kinds.map(kind => [kind, []]))
    for (let round = 0; round < rounds; round++) {
      for (const kind of kinds) {
        console.error(`bench: round ${round + 1} of ${rounds}: ${kind.name}`)
        runs.get(kind)!.push(await announce(kind, api, services))
      }
    }
    print(runs, services)
  } finally {
    await api.stop()
  }
}

async function herald(): Promise<SpeakerKind> {
  const folder = await buildHerald()
  return {
    name: 'Herald',
    namespace: 'herald',
    start: (node, api) =>
      node.spawn(
        process.execPath,
        [
          ...[
            ...chartNodeFlags('speaker'),
            `${folder}/speaker.js`,
            ...identity('herald'),
            '--kubeconfig',
            api.kubeconfigFile,
          ],
          ...['--log-level', 'warn', '--port', '0', '--health-probe-host', '127.0.0.1'],
        ],
        {
          stdio: ['ignore', 'ignore', 'inherit'],
          env: { ...process.env, ...HERALD_ENVIRONMENT },
        },
      ),
  }
}

async function metallb(): Promise<SpeakerKind> {
  const { speaker } = await buildMetallb()
  return {
    name: `MetalLB ${metallbVersion}`,
    namespace: 'metallb',
    start: (node, api) =>
      node.spawn(
        speaker,
        [
          ...[...identity('metallb'), '--kubeconfig', api.kubeconfigFile],
          ...['--log-level', 'error', '--host', '127.0.0.1', '--port', '0'],
        ],
        { stdio: 'ignore' },
      ),
  }
}

function identity(name: string): string[] {
  return ['--namespace', name, '--node-name', name, '--pod-name', name]
}

/** The pool, the router, and everything to be announced to it, from the node of this namespace's speaker. */
function configuration(namespace: string): object[] {
  const metadata = { name: 'bench', namespace }
  const nodeSelectors = [{ matchLabels: { 'kubernetes.io/hostname': namespace } }]
  return [
    { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata, spec: { addresses: [POOL] } },
    { apiVersion: 'metallb.io/v1beta1', kind: 'BGPAdvertisement', metadata, spec: { nodeSelectors } },
    {
      apiVersion: 'metallb.io/v1beta2',
      kind: 'BGPPeer',
      metadata,
      spec: {
        myASN: NODE_AS,
        peerASN: ROUTER_AS,
        peerAddress: '192.0.2.62',
        peerPort: ROUTER_PORT,
        nodeSelectors,
      },
    },
  ]
}

async function announce(kind: SpeakerKind, api: ApiServer, services: number): Promise<Run> {
  const scene = new RouterScene()
  const way = relay(scene.node, api)
  const receiver = await scene.startReceiver()
  const gate = scene.openGate()
  const startedMs = monotonicMs()
  const child = kind.start(scene.node, api)
  try {
    await receiver.untilPrefixes(services)
    const endedMs = monotonicMs()
    const { updates, octets } = gate.counter
    await new Promise(resolve => setTimeout(resolve, 5_000))
    const memoryMb = residentMb(child.pid ?? 0)
    const changesMs = await changeServices(api, gate)
    return {
      ...{ fromStartMs: endedMs - startedMs, fromCallMs: endedMs - gate.openedMs },
      ...{ updates, octets, memoryMb, changesMs },
    }
  } finally {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    gate.close()
    receiver.stop()
    way.close()
    scene.remove()
  }
}

/** Takes the addresses of some Services away and gives them back, one after the other: how long after each write the UPDATE came. */
async function changeServices(api: ApiServer, gate: Gate): Promise<number[]> {
  const clock = new SystemClock()
  const credentials = await loadCredentials({ clock }, { kubeconfig: api.kubeconfigFile })
  const client = new ApiClient({ credentials, clock, logger: silentLogger })
  const latenciesMs: number[] = []
  for (let index = 0; index < CHANGED; index++) {
    for (const ingress of [[], [{ ip: announcedAddress(index), ipMode: 'VIP' }]]) {
      const told = gate.counter.nextUpdate()
      const target = { namespace: 'default', name: `service-${index}`, subresource: 'status' } as const
      await client.patch(serviceKind, target, { status: { loadBalancer: { ingress } } }, { kind: 'merge' })
      const writtenMs = monotonicMs()
      latenciesMs.push((await told) - writtenMs)
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
    }
  }
  client.close()
  return latenciesMs
}

function print(runs: ReadonlyMap<SpeakerKind, readonly Run[]>, services: number): void {
  const [own] = [...runs.keys()]
  const all = (kind: SpeakerKind, pick: (run: Run) => number) => runs.get(kind)!.map(pick)
  const shown = (kind: SpeakerKind, pick: (run: Run) => number) => spread(all(kind, pick), ms)
  const median = (kind: SpeakerKind, pick: (run: Run) => number) => percentile(all(kind, pick), 0.5)
  const fewest = fewestUpdates(services)
  const rows = [...runs.keys()].map(kind => [
    kind.name,
    shown(kind, run => run.fromStartMs),
    shown(kind, run => run.fromCallMs),
    times(
      median(kind, run => run.fromCallMs),
      median(own!, run => run.fromCallMs),
    ),
    `${median(kind, run => run.updates)}`,
    `${median(kind, run => run.octets)}`,
    mb(median(kind, run => run.memoryMb)),
  ])
  const head = ['process start → all in the table', 'call → all in the table', 'beside Herald']
  const least = ['packed as closely as can be', '', '', '', `${fewest.updates}`, `${fewest.octets}`, '']
  console.log(`${table([`${services} Services`, ...head, 'UPDATEs', 'octets', 'memory (RSS)'], [...rows, least])}\n`)
  const latencies = (kind: SpeakerKind) => runs.get(kind)!.flatMap(run => run.changesMs)
  const changes = [...runs.keys()].map(kind => [
    kind.name,
    ...[0.5, 0.99, 1].map(share => ms(percentile(latencies(kind), share))),
    `${latencies(kind).length}`,
  ])
  console.log(`${table(['write answered → UPDATE', 'p50', 'p99', 'longest', 'changes'], changes)}\n`)
}
