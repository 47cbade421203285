import type { LargeCommunity } from '../../bgp/message.ts'
import { withGracefulShutdown } from '../../bgp/rib/graceful-shutdown.ts'
import type { RouteAttributes } from '../../bgp/route.ts'
import type { BgpAdvertisement } from '../../config/bgp-advertisement.ts'

/** Weights come and go, and what they leave behind must not pile up. Sharing objects makes for fuller messages, nothing else depends on it. */
const MAX_SETS = 10_000

/** What advertisements say of a prefix together; whatever says the same is one object. */
export class AttributeSets {
  readonly #sets = new Map<string, RouteAttributes>()

  /**
   * @param weight undefined: not told
   * @param draining the node announces it only for as long as routers need to find another way
   */
  of(advertisements: Iterable<BgpAdvertisement>, weight: number | undefined, draining: boolean): RouteAttributes {
    let localPreference: number | undefined
    const communities = new Set<number>()
    const large = new Map<string, LargeCommunity>()
    for (const advertisement of advertisements) {
      // Two Services that want different ones for a prefix that they have in common: it is as dear as its dearest.
      if (advertisement.localPreference !== undefined) {
        localPreference = Math.max(localPreference ?? 0, advertisement.localPreference)
      }
      for (const community of advertisement.communities) communities.add(community)
      for (const community of advertisement.largeCommunities) large.set(numbersOf(community).join(':'), community)
    }
    const merged: RouteAttributes = {
      ...(localPreference !== undefined && { localPreference }),
      communities: [...communities].sort((a, b) => a - b),
      largeCommunities: [...large.values()].sort(compareLargeCommunities),
      ...(weight !== undefined && { weight }),
    }
    return this.#share(draining ? withGracefulShutdown(merged) : merged)
  }

  #share(attributes: RouteAttributes): RouteAttributes {
    const { localPreference, communities, largeCommunities, weight } = attributes
    const key = JSON.stringify([localPreference, communities, largeCommunities.map(numbersOf), weight])
    const shared = this.#sets.get(key)
    if (shared) return shared
    if (this.#sets.size >= MAX_SETS) this.#sets.clear()
    this.#sets.set(key, attributes)
    return attributes
  }
}

function numbersOf({ globalAdministrator, localData1, localData2 }: LargeCommunity): [number, number, number] {
  return [globalAdministrator, localData1, localData2]
}

function compareLargeCommunities(a: LargeCommunity, b: LargeCommunity): number {
  const [left, right] = [numbersOf(a), numbersOf(b)]
  const differing = left.findIndex((number, index) => number !== right[index])
  return differing < 0 ? 0 : left[differing]! - right[differing]!
}
