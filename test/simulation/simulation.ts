import { formatAddress } from '../../src/ip/address.ts'
import { MAX_WATCHED_NODES } from '../../src/layer2/watched-nodes.ts'
import { ApiServer } from './api-server.ts'
import { BfdLiveness } from './bfd-liveness.ts'
import type { Context, SimulatedAddress } from './context.ts'
import { EventQueue } from './event-queue.ts'
import type { World } from './faults/fault.ts'
import { drawFault, faultsOf } from './faults.ts'
import { AbstractLiveness, LivenessNetworks } from './liveness.ts'
import { type Heal, Network } from './network.ts'
import { Orders } from './orders.ts'
import { drawPlot, LIMITS, type Plot } from './plots.ts'
import { Random } from './random.ts'
import { type Measurements, Referee } from './referee.ts'
import { SpeakerNode } from './speaker-node.ts'
import { Stranger } from './stranger.ts'

export interface SimulationOptions {
  /** tells the story */
  readonly trace?: ((text: string) => void) | undefined
  /** instead of what the seed draws */
  readonly plot?: Plot | undefined
  /** liveness by real BFD sessions, or never; default: for every 100th seed */
  readonly bfd?: boolean | undefined
}

export interface Outcome {
  readonly seed: number
  readonly plot: Plot
  /** what must not be and was; undefined when all was well */
  readonly problem: string | undefined
  readonly measurements: Measurements
  readonly events: number
  readonly frames: number
}

/** BFD packet by packet takes twenty times as long. */
const BFD_EVERY = 100
const FAULTS_FROM_MS = 2_500
const HEALED_MS = 12_000
/** after the last disturbance, every address has its right owner, and keeps it */
const SETTLED_MS = 11_000
/** What stories have besides is drawn apart, so that they stay as they are without it. */
const EXTRAS = 0x2545f491
const CAPPED_NEVER: readonly Plot[] = ['calm', 'harmless', 'failure', 'gentle']
const QUIET_MS = 3_000
const LASTING_MS = 90_000
const LASTING_QUIET_MS = 45_000

/** A cluster of speakers on a simulated clock, segment, liveness network and API server. The seed decides everything. */
export class Simulation {
  readonly #seed: number
  readonly #plot: Plot
  readonly #context: Context
  readonly #network: Network
  readonly #api: ApiServer
  readonly #orders: Orders
  readonly #referee: Referee
  readonly #nodes: readonly SpeakerNode[]
  readonly #stranger: Stranger
  readonly #liveness: LivenessNetworks
  readonly #extras: Random
  readonly #bfd: boolean
  #healedMs = HEALED_MS
  /** whatever has happened and lasts, there is a right owner */
  #rightOwnersKnown = true

  constructor(seed: number, { trace, ...options }: SimulationOptions) {
    const random = new Random(seed)
    const extras = new Random(seed ^ EXTRAS)
    const queue = new EventQueue()
    const size = 2 + random.below(5)
    const links = random.chance(0.25) ? ['eth0', 'eth1'] : ['eth0']
    this.#seed = seed
    this.#extras = extras
    const drawn = drawPlot(random)
    this.#plot = options.plot ?? drawn
    this.#context = {
      queue,
      random,
      names: Array.from({ length: size }, (_, index) => `node${index + 1}`),
      links,
      addresses: drawAddresses(random, extras),
      // A death that nobody watches for is known when the Lease has run out.
      watchedMax: extras.chance(0.05) && !CAPPED_NEVER.includes(this.#plot) ? 1 : MAX_WATCHED_NODES,
      trace: trace && (text => trace(`${(queue.nowMs / 1000).toFixed(4).padStart(9)} ${text}`)),
    }
    const context = this.#context
    this.#network = new Network(context)
    this.#referee = new Referee(context, this.#network, LIMITS[this.#plot])
    this.#api = new ApiServer(context, drawConfig(context, this.#plot))
    this.#orders = new Orders(context)
    const components = {
      context,
      network: this.#network,
      api: this.#api,
      orders: this.#orders,
      referee: this.#referee,
    }
    this.#nodes = context.names.map((_, index) => new SpeakerNode(components, { index }))
    this.#stranger = new Stranger(context, this.#network, this.#referee)
    this.#bfd = options.bfd ?? (seed % BFD_EVERY === 0 && this.#plot !== 'lasting')
    const Liveness = this.#bfd ? BfdLiveness : AbstractLiveness
    this.#liveness = new LivenessNetworks(
      links.map((_, segment) => new Liveness(context, this.#network, this.#nodes, segment)),
    )
    this.#connect()
  }

  run(): Outcome {
    const { queue, random, trace } = this.#context
    trace?.(
      `seed ${this.#seed}, ${this.#plot}: ${this.#nodes.length} nodes, ${this.#context.links.length} links${this.#bfd ? ', BFD' : ''}`,
    )
    for (const node of this.#nodes) queue.at(random.between(0, 300), () => node.start())
    const endMs = this.#plan()
    queue.runUntil(endMs, () => this.#referee.problem === undefined)
    if (this.#referee.problem === undefined) {
      if (this.#plot !== 'lasting' || this.#rightOwnersKnown) this.#checkOwners()
      if (this.#plot === 'lasting') this.#checkNeglected()
      this.#referee.finish()
    }
    const { problem, measurements } = this.#referee
    return {
      seed: this.#seed,
      plot: this.#plot,
      problem,
      measurements,
      events: queue.count,
      frames: this.#network.frames,
    }
  }

  #connect(): void {
    for (const node of this.#nodes) {
      node.setLiveness(this.#liveness)
      node.onSync = () => this.#referee.disturbed()
    }
    this.#referee.attach(this.#nodes)
    this.#api.attach(this.#nodes)
    this.#api.onOrderChange = () => this.#referee.disturbed()
    this.#network.attach([...this.#nodes, this.#stranger], {
      onChange: () => {
        this.#liveness.each(network => network.networkChanged())
        this.#referee.networkChanged()
      },
      isGone: host => this.#nodes[host]?.running === false,
    })
  }

  /** Draws the faults; gives the time at which the run ends. */
  #plan(): number {
    const { queue, random } = this.#context
    if (this.#plot === 'calm') {
      this.#healedMs = FAULTS_FROM_MS
      return FAULTS_FROM_MS + SETTLED_MS + QUIET_MS
    }
    const heals: Heal[] = []
    const lasting = this.#plot === 'lasting'
    const faults = faultsOf(this.#plot)
    const count = this.#plot === 'failure' ? 1 : 1 + random.below(lasting ? 3 : 8)
    if (this.#plot === 'harmless') this.#referee.quietFromMs = FAULTS_FROM_MS
    const burstMs = random.between(FAULTS_FROM_MS, this.#healedMs - 2_000)
    for (let index = 0; index < count; index++) {
      const fault = drawFault(random, faults)
      const atMs = random.chance(0.5)
        ? random.between(FAULTS_FROM_MS, this.#healedMs - 1_000)
        : burstMs + random.between(0, 800)
      const durationMs = random.pick([100, 400, 1_000, 3_000, 8_000]) * random.between(0.5, 1)
      queue.at(atMs, () => {
        this.#context.trace?.(`FAULT ${fault.name}`)
        this.#rightOwnersKnown &&= fault.settles === true
        const heal = fault.strike(this.#world)
        heals.push(heal)
        // While some nodes see the API server again and others do not yet, the first may know better: then an address may move.
        if (lasting || this.#plot === 'harmless') return
        queue.at(Math.min(this.#healedMs, atMs + durationMs), () => {
          this.#context.trace?.(`healed: ${fault.name}`)
          heal()
        })
      })
    }
    if ((lasting || this.#plot === 'rough') && this.#extras.chance(0.1)) {
      const { links, addresses } = this.#context
      const [segment, address] = [this.#extras.below(links.length), this.#extras.below(addresses.length)]
      // One that leaves no silence is believed to be about to claim for 6 s.
      const everyMs = this.#extras.pick(lasting ? [60, 200, 1_000] : [350, 1_000, 3_000])
      // Also before the first speaker has claimed anything.
      queue.at(this.#extras.between(0, this.#healedMs - 1_000), () =>
        heals.push(this.#stranger.askOnAndOn(segment, address, everyMs)),
      )
    }
    if (lasting) {
      queue.at(this.#healedMs + LASTING_MS - LASTING_QUIET_MS, () => {
        this.#referee.quietFromMs = queue.nowMs
      })
      return this.#healedMs + LASTING_MS
    }
    queue.at(this.#healedMs, () => {
      for (const heal of heals) heal()
      for (const node of this.#nodes) node.start()
      this.#context.trace?.('ALL HEALED')
      this.#referee.allHealed()
    })
    return this.#healedMs + SETTLED_MS + QUIET_MS
  }

  get #world(): World {
    return {
      context: this.#context,
      network: this.#network,
      api: this.#api,
      nodes: this.#nodes,
      stranger: this.#stranger,
      referee: this.#referee,
    }
  }

  /** No fault that lasts keeps from an address those that want it and can see that its owner is dead. */
  #checkNeglected(): void {
    const { links, addresses } = this.#context
    for (const { index, key } of addresses) {
      for (const [segment, link] of links.entries()) {
        if (this.#referee.strangerHolds(segment, index)) continue
        if (!this.#referee.isNeglected(segment, index, node => this.#api.isReachableFrom(node))) continue
        this.#referee.fail(`${key} on ${link} is wanted and has no owner`)
      }
    }
  }

  /** Every address has exactly one owner, the first of the true order. */
  #checkOwners(): void {
    const { links, addresses, names } = this.#context
    const { config } = this.#api.snapshot
    const orders = this.#orders.of(config, this.#api.registered)
    for (const { index, key } of addresses) {
      const { interfaces } = config.addresses[index]!
      const first = orders[index]![0]
      for (const [segment, link] of links.entries()) {
        // What nobody is to announce any more is kept by a node that cannot know it.
        if (first === undefined && this.#plot === 'lasting') continue
        const wanted = first !== undefined && (interfaces === 'all' || interfaces.includes(link))
        const owners = this.#referee.ownersOf(segment, index).map(node => names[node])
        if (String(owners) === String(wanted ? [first] : [])) continue
        this.#referee.fail(`${key} on ${link} should be owned by ${wanted ? first : 'nobody'}, not by [${owners}]`)
      }
    }
  }
}

export function simulate(seed: number, options: SimulationOptions = {}): Outcome {
  return new Simulation(seed, options).run()
}

function drawAddresses(random: Random, extras: Random): SimulatedAddress[] {
  const count = 1 + random.below(random.chance(0.3) ? 6 : 2)
  const first = random.below(240)
  return Array.from({ length: count }, (_, index) => {
    const address = { family: 4, value: ((192 << 24) >>> 0) + (2 << 8) + first + index } as const
    return {
      index,
      key: formatAddress(address),
      address,
      answersToAll: random.chance(0.25),
      local: extras.chance(0.25),
    }
  })
}

function drawConfig({ random, names, links, addresses }: Context, plot: Plot) {
  const everyone = (1 << names.length) - 1
  return {
    version: 0,
    drained: 0,
    addresses: addresses.map(() => ({
      present: true,
      eligible: plot === 'failure' || random.chance(0.8) ? everyone : 1 + random.below(everyone),
      preferred: random.chance(0.8) ? 0 : random.below(everyone + 1),
      interfaces: random.chance(0.8) ? ('all' as const) : [random.pick(links)],
    })),
  }
}
