import type { BgpAdvertisement } from '../../config/bgp-advertisement.ts'
import type { Family } from '../../ip/address.ts'

/** Two advertisements that want different local preferences for the same prefix at the same peer. */
export interface Conflict {
  readonly advertisements: readonly [string, string]
  readonly peer: string
}

/** What a node announces of every address that the same advertisements apply to: prefixes of one length. */
export interface AnnouncementPlan {
  readonly length: number
  /** those that announce prefixes of this length from the node; a shared object */
  readonly advertisements: readonly BgpAdvertisement[]
  /** the node's peers that are told, by name */
  readonly peers: readonly string[]
  readonly conflict?: Conflict
}

/** Whether a peer is told by an advertisement; one that names no peers tells all. */
export function advertisesTo({ peers }: Pick<BgpAdvertisement, 'peers'>, peer: string): boolean {
  return peers.length === 0 || peers.includes(peer)
}

/**
 * Sorts the advertisements that announce from a node by the length of their prefixes, the longest first.
 *
 * @param share gives the same object for the same list
 */
export function plansOf(
  advertisements: readonly BgpAdvertisement[],
  family: Family,
  peersOfNode: readonly string[],
  share: (list: readonly BgpAdvertisement[]) => readonly BgpAdvertisement[],
): readonly AnnouncementPlan[] {
  const byLength = Map.groupBy(advertisements, ({ aggregationLength }) => aggregationLength[family])
  return [...byLength]
    .sort(([a], [b]) => b - a)
    .map(([length, list]) => {
      const conflict = findConflict(list, peersOfNode)
      const peers = peersOfNode.filter(peer => list.some(advertisement => advertisesTo(advertisement, peer)))
      return { length, advertisements: share(list), peers, ...(conflict && { conflict }) }
    })
}

/** To name no local preference is to want the usual one, and so another than one that is named. */
function findConflict(advertisements: readonly BgpAdvertisement[], peers: readonly string[]): Conflict | undefined {
  for (const peer of peers) {
    const [first, ...others] = advertisements.filter(advertisement => advertisesTo(advertisement, peer))
    const other = others.find(({ localPreference }) => localPreference !== first!.localPreference)
    if (other) return { advertisements: [first!.name, other.name], peer }
  }
  return undefined
}
