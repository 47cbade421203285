import type { AdmissionSnapshot } from '../../admission/snapshot.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'
import type { AdvertisingStores } from './advertising-configuration.ts'
import type { ReservationView } from './reservation-status.ts'
import type { ParsedView } from './views.ts'

/** The configuration as the stores have it now. Every replica has the same stores, so each may answer. */
export function admissionSnapshot(
  stores: AdvertisingStores & { readonly reservations: ReadableStore<ReservationView> },
  namespace: string,
): AdmissionSnapshot {
  const { pools, reservations, bgpPeers, bgpAdvertisements, bfdProfiles, communities, secrets, nodes } = stores
  return {
    namespace,
    pools: [...pools.list()],
    reservations: [...reservations.list()],
    peers: parsedOf(bgpPeers),
    advertisements: parsedOf(bgpAdvertisements),
    profiles: parsedOf(bfdProfiles),
    communities: parsedOf(communities),
    secrets: [...secrets.list()],
    nodes: [...nodes.list()],
  }
}

function parsedOf<Parsed>(store: ReadableStore<ParsedView<Parsed>>): Parsed[] {
  return [...store.list()].map(({ parsed }) => parsed)
}
