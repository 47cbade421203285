import { type AdvertisementScope, advertisesPool, advertisesService } from '../config/advertisement.ts'
import type { BgpAdvertisement } from '../config/bgp-advertisement.ts'
import type { BgpConfig } from '../config/bgp-config.ts'
import { describeProblem, type Problem } from '../config/problem.ts'
import type { RefusedObject } from '../config/refused-object.ts'
import type { AdvertisedPool } from '../speaker/candidate-index.ts'
import { shortList } from './announced-text.ts'

/** An advertisement that is refused, or does not count for some pool. */
export interface RefusedAdvertisement extends RefusedObject {
  /** what it would apply to; undefined where that cannot be read */
  readonly scope?: AdvertisementScope
  /** names of the pools that it does not count for; undefined: for none does it count */
  readonly pools?: ReadonlySet<string>
}

/** What is refused of that which says how Services are announced. */
export interface RefusedAdvertising {
  readonly advertisements: readonly RefusedAdvertisement[]
  readonly peers: readonly RefusedObject[]
}

/** An address of a Service, as far as refusals concern it. */
export interface ConcernedAddress {
  readonly pool: AdvertisedPool
  readonly labels: Readonly<Record<string, string>>
  /** the BGPAdvertisements that do apply */
  readonly bgpAdvertisements: readonly BgpAdvertisement[]
  /** whether an advertisement of any kind applies */
  readonly advertised: boolean
}

/** The refused objects that would have their part in announcing an address. */
export function refusedFor(address: ConcernedAddress, refused: RefusedAdvertising): RefusedObject[] {
  const { pool, labels, bgpAdvertisements, advertised } = address
  return [
    ...refused.advertisements.filter(({ scope, pools }) => {
      // Of one that cannot be read, nobody knows; it is told of where something is missing.
      if (!scope) return !advertised
      if (pools && !pools.has(pool.name)) return false
      return advertisesPool(scope, pool) && advertisesService(scope, labels)
    }),
    ...refused.peers.filter(({ name }) =>
      bgpAdvertisements.some(({ peers }) => peers.length === 0 || peers.includes(name)),
    ),
  ]
}

/** `BGPPeer "a" (spec.myASN: …)`, each once; empty when there are none. */
export function describeRefused(objects: Iterable<RefusedObject>): string {
  const texts = new Set(
    [...objects].map(({ kind, name, problem }) => `${kind} ${JSON.stringify(name)} (${describeProblem(problem)})`),
  )
  return shortList([...texts].sort(), { longest: 3 })
}

/** An advertisement as the API server has it: what it applies to, where that can be read, and what is wrong with it by itself. */
export interface WrittenAdvertisement {
  readonly name: string
  readonly scope?: AdvertisementScope
  readonly problem?: Problem
}

/** Finds out what refused advertisements would apply to. */
export function refusedAdvertising(
  { layer2, bgp }: { layer2: Iterable<WrittenAdvertisement>; bgp: Iterable<WrittenAdvertisement> },
  config: Pick<BgpConfig, 'refused' | 'advertisements'>,
): RefusedAdvertising {
  const scopes = new Map([...bgp].map(({ name, scope }) => [name, scope]))
  const pools = new Map(config.advertisements.map(({ name, refusedPools }) => [name, refusedPools]))
  const ofBgp = config.refused.filter(({ kind }) => kind === 'BGPAdvertisement')
  return {
    advertisements: [
      ...[...layer2].flatMap(({ name, scope, problem }) =>
        problem ? [{ kind: 'L2Advertisement', name, problem, scope }] : [],
      ),
      ...ofBgp.map(object => ({ ...object, scope: scopes.get(object.name), pools: pools.get(object.name) })),
    ],
    peers: config.refused.filter(({ kind, partly }) => kind === 'BGPPeer' && !partly),
  }
}
