import type { ApiServer } from '../api-server.ts'
import type { Context } from '../context.ts'
import type { Heal, Network } from '../network.ts'
import type { AddressConfig } from '../orders.ts'
import type { Referee } from '../referee.ts'
import type { SpeakerNode } from '../speaker-node.ts'
import type { Stranger } from '../stranger.ts'

/** What faults happen to. */
export interface World {
  readonly context: Context
  readonly network: Network
  readonly api: ApiServer
  readonly nodes: readonly SpeakerNode[]
  readonly stranger: Stranger
  readonly referee: Referee
}

export interface Fault {
  readonly name: string
  /** how often it is drawn, relative to the others */
  readonly weight: number
  /** one of those under which two owners must never hear each other for longer than a blink: the segment itself works */
  readonly gentle: boolean
  /** one for which no address may move: every owner lives, is heard, and stays the first of the order */
  readonly harmless?: boolean
  /** one after which there is a right owner even while it lasts */
  readonly settles?: boolean
  /** one that takes a node away without a word */
  readonly failure?: boolean
  /** what it does may last for ever, and the cluster must come to rest all the same */
  readonly lasting: boolean
  /** does it, and gives what undoes it */
  strike(world: World): Heal
}

/** What undoes nothing. */
export const NOTHING: Heal = () => {}

/** Mostly one that owns something: what happens to the others matters less. */
export function anyNode({ context: { random, links, addresses }, nodes, referee }: World): SpeakerNode {
  const owners = referee.ownersOf(random.below(links.length), random.below(addresses.length))
  return nodes[owners.length > 0 && random.chance(0.6) ? random.pick(owners) : random.below(nodes.length)]!
}

/** Two different ones, in any order. */
export function twoNodes(world: World): [number, number] {
  const { random } = world.context
  const one = anyNode(world).index
  const other = random.pick(others(world, one))
  return random.chance(0.5) ? [one, other] : [other, one]
}

/** All but one, by index. */
export function others({ nodes }: World, index: number): number[] {
  return [...nodes.keys()].filter(other => other !== index)
}

/** Cuts what one sends to the other: on every segment, of liveness, or both. */
export function oneWay(
  { context, network }: World,
  from: number,
  to: number,
  { segment = false, liveness = false }: { segment?: boolean; liveness?: boolean },
): Heal[] {
  const heals: Heal[] = []
  if (segment) for (const index of context.links.keys()) heals.push(network.cutSegment(index, from, to))
  if (liveness) heals.push(network.cutLiveness(from, to))
  return heals
}

/** The same in both directions. */
export function bothWays(
  world: World,
  one: number,
  other: number,
  what: { segment?: boolean; liveness?: boolean },
): Heal[] {
  return [...oneWay(world, one, other, what), ...oneWay(world, other, one, what)]
}

/** Undoes several things at once. */
export function all(heals: readonly Heal[]): Heal {
  return () => {
    for (const heal of heals) heal()
  }
}

/** Changes one address, or all; when healed, it is as it was before, if asked for. */
export function changeAddresses(
  { context: { random, addresses }, api }: World,
  change: () => Partial<AddressConfig>,
  undone: boolean,
): Heal {
  const only = random.chance(0.4) ? undefined : random.below(addresses.length)
  const touched = (index: number): boolean => only === undefined || only === index
  const before = api.snapshot.config.addresses
  api.changeConfig(config => ({
    addresses: config.addresses.map((address, index) => (touched(index) ? { ...address, ...change() } : address)),
  }))
  if (!undone) return NOTHING
  return () =>
    api.changeConfig(config => ({
      addresses: config.addresses.map((address, index) => (touched(index) ? before[index]! : address)),
    }))
}
