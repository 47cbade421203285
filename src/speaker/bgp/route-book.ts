import type { Route, RouteAttributes } from '../../bgp/route.ts'
import { Routes } from '../../bgp/routes.ts'
import type { BgpAdvertisement } from '../../config/bgp-advertisement.ts'
import type { Prefix } from '../../ip/prefix.ts'
import { advertisesTo } from './announcement-plan.ts'
import { AttributeSets } from './attribute-sets.ts'
import type { AnnouncedPrefix } from './decide-bgp.ts'

/** Services that want a prefix announced by the same advertisements; however many, they cost one. */
interface Tally {
  readonly advertisements: readonly BgpAdvertisement[]
  services: number
  weight: number
}

interface Entry {
  readonly prefix: Prefix
  /** mostly one */
  readonly tallies: Tally[]
}

/** Peers that are told the same. */
interface Audience {
  readonly peers: readonly string[]
  readonly advertisements: ReadonlySet<BgpAdvertisement>
  /** by the list of a tally: what is told of a prefix that has only this one */
  readonly attributes: Map<readonly BgpAdvertisement[], RouteAttributes | undefined>
  routes: Routes
}

/**
 * What this node announces to whom, by prefix. Services of the same prefix are counted, so that an aggregate of thousands costs no more
 * to change than one address.
 */
export class RouteBook {
  readonly #entries = new Map<string, Entry>()
  readonly #attributeSets = new AttributeSets()
  #audiences: Audience[] = []
  #draining = false
  #dirty = new Set<string>()
  #routes: ReadonlyMap<string, Routes> = new Map()

  /** A Service announces other prefixes than before. */
  replace(before: readonly AnnouncedPrefix[], after: readonly AnnouncedPrefix[]): void {
    for (const announced of after) this.#add(announced)
    for (const announced of before) this.#remove(announced)
  }

  /** The peers, the advertisements that stand, or whether the node is drained, may be others than before. */
  setWorld(world: { peers: readonly string[]; advertisements: readonly BgpAdvertisement[]; draining: boolean }): void {
    this.#draining = world.draining
    const byTold = Map.groupBy(world.peers, peer =>
      world.advertisements.map(advertisement => (advertisesTo(advertisement, peer) ? 1 : 0)).join(''),
    )
    this.#audiences = [...byTold.values()].map(peers => ({
      peers,
      advertisements: new Set(world.advertisements.filter(advertisement => advertisesTo(advertisement, peers[0]!))),
      attributes: new Map(),
      // What stays the same stays the same object.
      routes: this.#routes.get(peers[0]!) ?? Routes.none,
    }))
    this.#dirty = new Set(this.#entries.keys())
    for (const { routes } of this.#audiences) for (const [key] of routes) this.#dirty.add(key)
  }

  /** The routes of each peer, by its name; the same map as before when none changed. */
  settle(): ReadonlyMap<string, Routes> {
    for (const audience of this.#audiences) audience.routes = audience.routes.with(this.#changesOf(audience))
    this.#dirty.clear()
    const settled = new Map(this.#audiences.flatMap(({ peers, routes }) => peers.map(peer => [peer, routes] as const)))
    const same =
      settled.size === this.#routes.size && [...settled].every(([peer, routes]) => this.#routes.get(peer) === routes)
    if (!same) this.#routes = settled
    return this.#routes
  }

  #add({ key, prefix, plan: { advertisements }, weight = 0 }: AnnouncedPrefix): void {
    const entry = this.#entries.get(key)
    const tally = entry?.tallies.find(other => other.advertisements === advertisements)
    if (tally) {
      tally.services++
      tally.weight += weight
    } else {
      const first = { advertisements, services: 1, weight }
      if (entry) entry.tallies.push(first)
      else this.#entries.set(key, { prefix, tallies: [first] })
    }
    this.#dirty.add(key)
  }

  #remove({ key, plan: { advertisements }, weight = 0 }: AnnouncedPrefix): void {
    const { tallies } = this.#entries.get(key)!
    const index = tallies.findIndex(other => other.advertisements === advertisements)
    const tally = tallies[index]!
    tally.services--
    tally.weight -= weight
    if (tally.services === 0) tallies.splice(index, 1)
    if (tallies.length === 0) this.#entries.delete(key)
    this.#dirty.add(key)
  }

  *#changesOf(audience: Audience): Iterable<[key: string, route: Route | undefined]> {
    for (const key of this.#dirty) {
      const entry = this.#entries.get(key)
      const attributes = entry && this.#attributesOf(entry, audience)
      if (attributes === audience.routes.get(key)?.attributes) continue
      yield [key, attributes && { prefix: entry.prefix, attributes }]
    }
  }

  #attributesOf({ tallies }: Entry, audience: Audience): RouteAttributes | undefined {
    const [first] = tallies
    if (tallies.length > 1 || first!.weight > 0) return this.#merge(tallies, audience)
    const { attributes } = audience
    const { advertisements } = first!
    if (!attributes.has(advertisements)) attributes.set(advertisements, this.#merge(tallies, audience))
    return attributes.get(advertisements)
  }

  #merge(tallies: readonly Tally[], audience: Audience): RouteAttributes | undefined {
    const telling = new Set<BgpAdvertisement>()
    let weight: number | undefined
    for (const tally of tallies) {
      const told = tally.advertisements.filter(advertisement => audience.advertisements.has(advertisement))
      for (const advertisement of told) telling.add(advertisement)
      if (told.some(({ weighted }) => weighted)) weight = (weight ?? 0) + tally.weight
    }
    return telling.size === 0 ? undefined : this.#attributeSets.of(telling, weight, this.#draining)
  }
}
