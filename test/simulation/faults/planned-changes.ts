import { anyNode, changeAddresses, type Fault, NOTHING } from './fault.ts'

/** What those who run the cluster do to it. */
export const PLANNED_CHANGES: readonly Fault[] = [
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
]
