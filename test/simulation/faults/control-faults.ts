import { all, anyNode, bothWays, type Fault, NOTHING, others, twoNodes } from './fault.ts'

/** What nodes know of each other is missing or late: the API server, its watches, liveness. */
export const CONTROL_FAULTS: readonly Fault[] = [
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
    // The Lease went with the Pod before, after the next process had begun: it writes itself down again as soon as it sees that.
    name: 'living speaker called expired',
    weight: 2,
    gentle: true,
    lasting: false,
    strike: world => {
      world.api.writeSpeaker(anyNode(world).index, { expired: true })
      return NOTHING
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
]
