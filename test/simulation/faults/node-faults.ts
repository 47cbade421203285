import { anyNode, changeAddresses, type Fault, NOTHING, twoNodes } from './fault.ts'

/** A node dies, stops for a while or loses its links, at bad moments too. */
export const NODE_FAULTS: readonly Fault[] = [
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
]
