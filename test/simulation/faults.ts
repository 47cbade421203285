import type { ApiServer } from './api-server.ts'
import type { Context } from './context.ts'
import type { Heal, Network } from './network.ts'
import type { AddressConfig } from './orders.ts'
import type { Referee } from './referee.ts'
import type { SpeakerNode } from './speaker-node.ts'
import type { Stranger } from './stranger.ts'

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

const NOTHING: Heal = () => {}

/** Everything that goes wrong, or is merely changed, in a simulated cluster. */
export const FAULTS: readonly Fault[] = [
  {
    name: 'crash',
    settles: true,
    failure: true,
    weight: 3,
    gentle: true,
    lasting: true,
    strike: world => {
      const node = anyNode(world)
      node.crash()
      return () => node.start()
    },
  },
  {
    name: 'crash and restart at once',
    weight: 2,
    gentle: true,
    lasting: false,
    strike: world => {
      const node = anyNode(world)
      node.crash()
      world.context.queue.in(world.context.random.between(20, 1_000), () => node.start())
      return NOTHING
    },
  },
  {
    name: 'pause',
    settles: true,
    failure: true,
    weight: 4,
    gentle: true,
    lasting: true,
    strike: world => {
      const node = anyNode(world)
      node.pause()
      return () => node.resume()
    },
  },
  {
    name: 'short pauses',
    weight: 2,
    gentle: true,
    lasting: false,
    strike: world => {
      const { queue, random } = world.context
      const node = anyNode(world)
      let healed = false
      const pause = (): void => {
        if (healed) return
        node.pause()
        queue.in(random.between(50, 450), () => {
          node.resume()
          queue.in(random.between(20, 400), pause)
        })
      }
      pause()
      return () => {
        healed = true
        node.resume()
      }
    },
  },
  {
    name: 'link cut',
    weight: 3,
    gentle: true,
    lasting: true,
    strike: world => {
      const { context, network } = world
      const node = anyNode(world)
      const segment = context.random.below(context.links.length)
      const heal = network.cutCarrier(segment, node.index)
      node.linksChanged()
      return () => {
        heal()
        node.linksChanged()
      }
    },
  },
  {
    name: 'node cut off',
    failure: true,
    weight: 3,
    gentle: true,
    lasting: true,
    strike: world => {
      const node = anyNode(world)
      const heals = world.context.links.map((_, segment) => world.network.cutCarrier(segment, node.index))
      node.linksChanged()
      return () => {
        for (const heal of heals) heal()
        node.linksChanged()
      }
    },
  },
  {
    name: 'crash while the order changes',
    weight: 2,
    gentle: true,
    lasting: false,
    strike: world => {
      const { queue, random } = world.context
      const node = anyNode(world)
      queue.in(random.between(0, 400), () => node.crash())
      const preferred = random.below(1 << world.nodes.length)
      const heal = changeAddresses(world, () => ({ preferred }), true)
      return () => {
        heal()
        node.start()
      }
    },
  },
  {
    name: 'two are told different orders',
    failure: true,
    weight: 1,
    gentle: true,
    lasting: false,
    strike: world => {
      const { queue, random } = world.context
      const [one, other] = twoNodes(world)
      const address = random.below(world.context.addresses.length)
      const heal = world.api.changeAddress(address, { present: false })
      queue.in(150, () => world.api.tellTwo(address, one, other))
      return heal
    },
  },
  {
    name: 'switches answer for the dead',
    weight: 1,
    gentle: false,
    lasting: true,
    strike: world => {
      world.network.answersForTheDead = true
      const node = anyNode(world)
      node.crash()
      return () => node.start()
    },
  },
  {
    name: 'API server cut from one node',
    settles: true,
    weight: 3,
    gentle: true,
    lasting: true,
    strike: world => world.api.cutFrom(anyNode(world).index),
  },
  {
    name: 'API server down',
    harmless: true,
    weight: 2,
    gentle: true,
    lasting: true,
    strike: ({ api }) => api.takeDown(),
  },
  {
    name: 'liveness cut one way',
    harmless: true,
    weight: 3,
    gentle: true,
    lasting: true,
    strike: world => {
      const [one, other] = twoNodes(world)
      return world.network.cutLiveness(one, other)
    },
  },
  {
    name: 'liveness cut both ways',
    harmless: true,
    weight: 2,
    gentle: true,
    lasting: true,
    strike: world => {
      const [one, other] = twoNodes(world)
      return all([world.network.cutLiveness(one, other), world.network.cutLiveness(other, one)])
    },
  },
  {
    name: 'liveness of one node cut from all',
    harmless: true,
    weight: 2,
    gentle: true,
    lasting: true,
    strike: world => {
      const { index } = anyNode(world)
      return all(others(world, index).flatMap(other => bothWays(world, index, other, { liveness: true })))
    },
  },
  {
    name: 'watch late',
    harmless: true,
    weight: 2,
    gentle: true,
    lasting: false,
    strike: world => world.api.delayWatch(anyNode(world).index, world.context.random.between(200, 5_000)),
  },
  {
    name: 'graceful restart',
    settles: true,
    weight: 3,
    gentle: true,
    lasting: true,
    strike: world => {
      const node = anyNode(world)
      node.terminate()
      return () => node.start()
    },
  },
  {
    name: 'rolling restart',
    weight: 2,
    gentle: true,
    lasting: false,
    strike: ({ context, nodes }) => {
      const { queue, random } = context
      const restart = (index: number): void => {
        const node = nodes[index]
        if (!node) return
        node.terminate()
        const whenGone = (): void => {
          if (node.running && !node.paused) queue.in(50, whenGone)
          else
            queue.in(random.between(50, 500), () => {
              node.start()
              queue.in(random.between(500, 1_500), () => restart(index + 1))
            })
        }
        whenGone()
      }
      restart(0)
      return NOTHING
    },
  },
  {
    name: 'preference changed',
    settles: true,
    weight: 3,
    gentle: true,
    lasting: true,
    strike: world => {
      const preferred = world.context.random.below(1 << world.nodes.length)
      return changeAddresses(world, () => ({ preferred }), world.context.random.chance(0.5))
    },
  },
  {
    name: 'candidates changed',
    settles: true,
    weight: 2,
    gentle: true,
    lasting: true,
    strike: world => {
      const eligible = 1 + world.context.random.below((1 << world.nodes.length) - 1)
      return changeAddresses(world, () => ({ eligible }), world.context.random.chance(0.5))
    },
  },
  {
    name: 'address removed',
    settles: true,
    weight: 2,
    gentle: true,
    lasting: true,
    strike: world => changeAddresses(world, () => ({ present: false }), true),
  },
  {
    name: 'interfaces changed',
    weight: 2,
    gentle: true,
    lasting: true,
    strike: world => {
      const { links, random } = world.context
      const interfaces = random.chance(0.3) ? 'all' : [random.pick(links)]
      return changeAddresses(world, () => ({ interfaces }), random.chance(0.7))
    },
  },
  {
    name: 'node drained',
    settles: true,
    weight: 2,
    gentle: true,
    lasting: true,
    strike: world => {
      const bit = 1 << anyNode(world).index
      world.api.changeConfig(({ drained }) => ({ drained: drained | bit }))
      return () => world.api.changeConfig(({ drained }) => ({ drained: drained & ~bit }))
    },
  },
  {
    name: 'hardware address changed',
    weight: 1,
    gentle: false,
    lasting: false,
    strike: world => {
      const node = anyNode(world)
      world.referee.excuse()
      node.macs[world.context.random.below(node.macs.length)]! += 1
      node.linksChanged()
      return NOTHING
    },
  },
  {
    name: 'segment cut one way',
    weight: 2,
    gentle: false,
    lasting: true,
    strike: world => {
      const [one, other] = twoNodes(world)
      return all(oneWay(world, one, other, { segment: true, liveness: world.context.random.chance(0.6) }))
    },
  },
  {
    name: 'segment cut both ways',
    weight: 2,
    gentle: false,
    lasting: true,
    strike: world => {
      const [one, other] = twoNodes(world)
      return all(bothWays(world, one, other, { segment: true, liveness: world.context.random.chance(0.6) }))
    },
  },
  {
    name: 'node deaf',
    weight: 2,
    gentle: false,
    lasting: true,
    strike: world => {
      const { index } = anyNode(world)
      const what = { segment: true, liveness: world.context.random.chance(0.7) }
      const deaf = world.context.random.chance(0.5)
      return all(
        others(world, index).flatMap(other =>
          deaf ? oneWay(world, other, index, what) : oneWay(world, index, other, what),
        ),
      )
    },
  },
  {
    name: 'segment parted',
    weight: 2,
    gentle: false,
    lasting: true,
    strike: world => {
      const half = 1 + world.context.random.below((1 << world.nodes.length) - 2)
      const what = { segment: true, liveness: world.context.random.chance(0.8) }
      const heals: Heal[] = []
      for (const one of world.nodes.keys()) {
        for (const other of world.nodes.keys()) {
          if ((half >> one) & 1 && !((half >> other) & 1)) heals.push(...bothWays(world, one, other, what))
        }
      }
      return all(heals)
    },
  },
  {
    name: 'frames lost',
    weight: 2,
    gentle: false,
    lasting: false,
    strike: ({ context, network, referee }) => {
      const { weather } = network
      referee.excuse()
      weather.loss = context.random.pick([0.01, 0.05, 0.2])
      network.unreliable = true
      return () => {
        weather.loss = 0
      }
    },
  },
  {
    name: 'frames late',
    weight: 2,
    gentle: false,
    lasting: false,
    strike: ({ context, network: { weather } }) => {
      weather.lateShare = context.random.pick([0.02, 0.2])
      weather.lateMs = context.random.pick([10, 40])
      return () => {
        weather.lateShare = 0
      }
    },
  },
  {
    name: 'foreign host takes an address',
    weight: 2,
    gentle: false,
    lasting: true,
    strike: ({ context: { random, links, addresses }, stranger }) =>
      stranger.take(random.below(links.length), random.below(addresses.length), random.pick([20, 300, 2_000])),
  },
  {
    name: 'foreign host asks for an address',
    harmless: true,
    weight: 2,
    gentle: false,
    lasting: true,
    strike: ({ context: { random, links, addresses }, stranger }) =>
      stranger.probe(random.below(links.length), random.below(addresses.length)),
  },
]

/** Mostly one that owns something: what happens to the others matters less. */
function anyNode({ context: { random, links, addresses }, nodes, referee }: World): SpeakerNode {
  const owners = referee.ownersOf(random.below(links.length), random.below(addresses.length))
  return nodes[owners.length > 0 && random.chance(0.6) ? random.pick(owners) : random.below(nodes.length)]!
}

function twoNodes(world: World): [number, number] {
  const { random } = world.context
  const one = anyNode(world).index
  const other = random.pick(others(world, one))
  return random.chance(0.5) ? [one, other] : [other, one]
}

function others({ nodes }: World, index: number): number[] {
  return [...nodes.keys()].filter(other => other !== index)
}

function oneWay(
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

function bothWays(world: World, one: number, other: number, what: { segment?: boolean; liveness?: boolean }): Heal[] {
  return [...oneWay(world, one, other, what), ...oneWay(world, other, one, what)]
}

function all(heals: readonly Heal[]): Heal {
  return () => {
    for (const heal of heals) heal()
  }
}

/** Changes one address, or all; when healed, it is as it was before, if asked for. */
function changeAddresses(
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
