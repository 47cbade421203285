import { BASIC_OPTIONS } from '../../src/bgp/codec/codec-options.ts'
import { HEADER_LENGTH, MAX_MESSAGE_LENGTH } from '../../src/bgp/codec/layout.ts'
import { encodePathAttributes } from '../../src/bgp/codec/path-attributes.ts'
import { UPDATE_LENGTH_FIELDS } from '../../src/bgp/codec/update.ts'
import { AsSegmentType, Origin, type PathAttributes } from '../../src/bgp/message.ts'
import { address } from '../../test/support/addresses.ts'
import { ms, percentile, spread, table, times } from '../figures.ts'
import { type AnnouncerKind, bird, gobgp, Herald } from './announcers.ts'
import { NODE_AS } from './frr-receiver.ts'
import { monotonicMs } from './message-counter.ts'
import { ROUTER_PORT, RouterScene } from './scene.ts'

/** How one router came to know everything. Times are from the moment at which the announcer's call was taken. */
interface Run {
  /** nine tenths were in the router's table */
  readonly mostMs: number
  readonly allMs: number
  /** the last UPDATE passed the gate */
  readonly lastUpdateMs: number
  readonly updates: number
  readonly octets: number
}

/** All contenders in turn announce so many prefixes with the same attributes to a new FRR. Prints a table. */
export async function fullTable({ rounds, prefixes }: { rounds: number; prefixes: number }): Promise<void> {
  const kinds: readonly AnnouncerKind[] = [new Herald(), bird, gobgp]
  const scene = new RouterScene()
  const runs = new Map<AnnouncerKind, Run[]>(kinds.map(kind => [kind, []]))
  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) {
      console.error(`bench: round ${round + 1} of ${rounds}: ${kind.name}`)
      runs.get(kind)!.push(await announce(kind, scene, prefixes))
    }
  }
  scene.remove()
  print(runs, prefixes)
}

async function announce(kind: AnnouncerKind, scene: RouterScene, prefixes: number): Promise<Run> {
  const receiver = await scene.startReceiver()
  const announcer = await kind.start(scene.node, { routers: [scene.routerAddress], port: ROUTER_PORT, prefixes })
  const gate = scene.openGate()
  await receiver.untilPrefixes(prefixes * 0.9)
  const mostMs = monotonicMs()
  await receiver.untilPrefixes(prefixes)
  const allMs = monotonicMs()
  await announcer.stop()
  gate.close()
  receiver.stop()
  const { openedMs, counter } = gate
  const { updates, octets, lastUpdateMs } = counter
  return { mostMs: mostMs - openedMs, allMs: allMs - openedMs, lastUpdateMs: lastUpdateMs - openedMs, updates, octets }
}

/** The fewest UPDATEs that hold so many host routes with the attributes that all contenders send. */
export function fewestUpdates(prefixes: number): { updates: number; octets: number } {
  const attributes: PathAttributes = {
    origin: Origin.igp,
    asPath: [{ type: AsSegmentType.sequence, asNumbers: [NODE_AS] }],
    nextHop: address('192.0.2.1'),
  }
  const overhead =
    HEADER_LENGTH +
    UPDATE_LENGTH_FIELDS +
    encodePathAttributes(attributes, { ...BASIC_OPTIONS, fourOctetAs: true }).length
  const octetsOfPrefix = 5
  const updates = Math.ceil(prefixes / Math.floor((MAX_MESSAGE_LENGTH - overhead) / octetsOfPrefix))
  return { updates, octets: updates * overhead + prefixes * octetsOfPrefix }
}

function print(runs: ReadonlyMap<AnnouncerKind, readonly Run[]>, prefixes: number): void {
  const fewest = fewestUpdates(prefixes)
  const all = (kind: AnnouncerKind, pick: (run: Run) => number) => runs.get(kind)!.map(pick)
  const shown = (kind: AnnouncerKind, pick: (run: Run) => number) => spread(all(kind, pick), ms)
  const median = (kind: AnnouncerKind, pick: (run: Run) => number) => percentile(all(kind, pick), 0.5)
  const [herald] = [...runs.keys()]
  const rows = [...runs.keys()].map(kind => [
    kind.name,
    shown(kind, run => run.lastUpdateMs),
    shown(kind, run => run.mostMs),
    shown(kind, run => run.allMs),
    times(
      median(kind, run => run.allMs),
      median(herald!, run => run.allMs),
    ),
    `${median(kind, run => run.updates)}`,
    `${median(kind, run => run.octets)}`,
  ])
  const head = [
    'last UPDATE on the wire',
    '90 % in the table',
    'all in the table',
    'beside Herald',
    'UPDATEs',
    'octets',
  ]
  const least = ['packed as closely as can be', '', '', '', '', `${fewest.updates}`, `${fewest.octets}`]
  console.log(`${table([`${prefixes} prefixes`, ...head], [...rows, least])}\n`)
}
