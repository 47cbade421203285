import type { Heal } from '../network.ts'
import { all, anyNode, bothWays, type Fault, oneWay, others, twoNodes } from './fault.ts'

/** The segment loses, delays or withholds frames, or has a host on it that knows nothing of Herald. */
export const SEGMENT_FAULTS: readonly Fault[] = [
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
