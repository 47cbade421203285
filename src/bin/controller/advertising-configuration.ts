import type { AddressPool } from '../../config/address-pool.ts'
import { readScope } from '../../config/advertisement.ts'
import type { ParsedBfdProfile } from '../../config/bfd-profile.ts'
import type { ParsedBgpAdvertisement } from '../../config/bgp-advertisement.ts'
import { type BgpConfig, combineBgpConfig } from '../../config/bgp-config.ts'
import type { ParsedBgpPeer } from '../../config/bgp-peer.ts'
import type { ParsedCommunity } from '../../config/community.ts'
import type { ParsedL2Advertisement } from '../../config/l2-advertisement.ts'
import { describeProblem, type Problem } from '../../config/problem.ts'
import type { RefusedObject } from '../../config/refused-object.ts'
import type { AcceptanceProblem, AcceptedKind } from '../../controller/acceptance.ts'
import {
  type RefusedAdvertising,
  refusedAdvertising,
  type WrittenAdvertisement,
} from '../../controller/refused-advertising.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'
import type { NodeView } from '../../resources/node.ts'
import type { PasswordSecret } from '../../resources/password-secret.ts'
import type { PoolView } from './service-controller.ts'
import { type ParsedView, sameParsed } from './views.ts'

export interface AdvertisingStores {
  readonly advertisements: ReadableStore<ParsedView<ParsedL2Advertisement>>
  readonly bgpPeers: ReadableStore<ParsedView<ParsedBgpPeer>>
  readonly bgpAdvertisements: ReadableStore<ParsedView<ParsedBgpAdvertisement>>
  readonly bfdProfiles: ReadableStore<ParsedView<ParsedBfdProfile>>
  readonly communities: ReadableStore<ParsedView<ParsedCommunity>>
  readonly secrets: ReadableStore<PasswordSecret>
  readonly pools: ReadableStore<PoolView>
  readonly nodes: ReadableStore<NodeView>
}

export interface AdvertisingConfigurationComponents {
  stores: AdvertisingStores
  /** the pools that stand, as of the last change of them that was told */
  standingPools: () => readonly AddressPool[]
}

/** What the configuration is another by: its objects, or the nodes that they select. */
export type ConfigurationCause = 'objects' | 'nodes'

/** What the objects that say how addresses are announced come to together: what is in use, and what is refused and why. */
export class AdvertisingConfiguration {
  readonly #components: AdvertisingConfigurationComponents
  readonly #listeners = new Set<(cause: ConfigurationCause) => void>()
  #bgp: BgpConfig | undefined
  #refused: RefusedAdvertising | undefined

  constructor(components: AdvertisingConfigurationComponents) {
    this.#components = components
    const { stores } = components
    const changed = (cause: ConfigurationCause): void => {
      this.#bgp = undefined
      this.#refused = undefined
      for (const listener of this.#listeners) listener(cause)
    }
    const { advertisements, bgpPeers, bgpAdvertisements, bfdProfiles, communities } = stores
    for (const store of [advertisements, bgpPeers, bgpAdvertisements, bfdProfiles, communities] as const) {
      ;(store as ReadableStore<ParsedView<unknown>>).subscribe((_key, before, after) => {
        if (!sameParsed(before, after)) changed('objects')
      })
    }
    stores.secrets.subscribe(() => changed('objects'))
    stores.pools.subscribe((_key, before, after) => {
      if (!before || !after || !samePool(before, after)) changed('objects')
    })
    stores.nodes.subscribe((_key, before, after) => {
      // Which objects disagree depends on which nodes they select.
      if (JSON.stringify(before?.labels) !== JSON.stringify(after?.labels)) changed('nodes')
    })
  }

  /** Calls back when an object, or what it is judged by, says something else than before; returns what ends it. */
  subscribe(listener: (cause: ConfigurationCause) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get bgp(): BgpConfig {
    const { stores, standingPools } = this.#components
    this.#bgp ??= combineBgpConfig({
      peers: parsedOf(stores.bgpPeers),
      advertisements: parsedOf(stores.bgpAdvertisements),
      profiles: parsedOf(stores.bfdProfiles),
      communities: parsedOf(stores.communities),
      secrets: stores.secrets.list(),
      pools: standingPools(),
      nodes: [...stores.nodes.list()],
    })
    return this.#bgp
  }

  /** What is refused, with what it would apply to. */
  get refusedAdvertising(): RefusedAdvertising {
    const { advertisements, bgpAdvertisements } = this.#components.stores
    const layer2 = [...advertisements.list()].map(written)
    this.#refused ??= refusedAdvertising({ layer2, bgp: [...bgpAdvertisements.list()].map(written) }, this.bgp)
    return this.#refused
  }

  /** @param key `namespace/name` */
  problemOf(kind: AcceptedKind, key: string): AcceptanceProblem | undefined {
    const name = key.slice(key.indexOf('/') + 1)
    const found = [...this.refused(), ...this.bgp.notices].filter(
      object => object.kind === kind && object.name === name,
    )
    const [first] = found
    if (!first) return undefined
    const others = found.slice(1).map(({ problem }) => `; ${describeProblem(problem)}`)
    const partly = found.every(object => object.partly)
    const { field, message } = first.problem
    return { field, message: message + others.join(''), reason: partly ? 'InPart' : 'Invalid', partly }
  }

  /** Everything that is refused, if only in part. */
  refused(): RefusedObject[] {
    const refused = [...this.#components.stores.advertisements.list()].flatMap(({ name, parsed }) =>
      'problem' in parsed ? [{ kind: 'L2Advertisement', name, problem: parsed.problem }] : [],
    )
    return [...refused, ...this.bgp.refused]
  }
}

function parsedOf<Parsed>(store: ReadableStore<ParsedView<Parsed>>): Parsed[] {
  return [...store.list()].map(({ parsed }) => parsed)
}

function written({ name, spec, parsed }: ParsedView<object>): WrittenAdvertisement {
  return { name, scope: readScope(spec), ...('problem' in parsed && { problem: parsed.problem as Problem }) }
}

/** The counters of a pool change with each address that it gives. */
function samePool(a: PoolView, b: PoolView): boolean {
  return JSON.stringify([a.metadata, a.spec]) === JSON.stringify([b.metadata, b.spec])
}
