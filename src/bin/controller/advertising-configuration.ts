import type { ParsedL2Advertisement } from '../../config/l2-advertisement.ts'
import type { NamedProblem } from '../../config/problem.ts'
import type { AcceptedKind } from '../../controller/acceptance.ts'
import type { RefusedObject } from '../../controller/configuration-state.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'
import { type ParsedView, sameParsed } from './views.ts'

export interface AdvertisingStores {
  readonly advertisements: ReadableStore<ParsedView<ParsedL2Advertisement>>
}

/** What the objects that say how addresses are announced come to together: which of them are in use, and why others are not. */
export class AdvertisingConfiguration {
  readonly #stores: AdvertisingStores

  constructor(stores: AdvertisingStores) {
    this.#stores = stores
  }

  /** Calls back when one of the objects says something else than before; returns what ends it. */
  subscribe(listener: () => void): () => void {
    return this.#stores.advertisements.subscribe((_key, before, after) => {
      if (!sameParsed(before, after)) listener()
    })
  }

  /** @param key `namespace/name` */
  problemOf(kind: AcceptedKind, key: string): NamedProblem | undefined {
    if (kind !== 'L2Advertisement') return undefined
    const parsed = this.#stores.advertisements.get(key)?.parsed
    return parsed && 'problem' in parsed ? { ...parsed.problem, reason: 'Invalid' } : undefined
  }

  /** Everything that is refused. */
  *refused(): Iterable<RefusedObject> {
    for (const { name, parsed } of this.#stores.advertisements.list()) {
      if ('problem' in parsed) yield { kind: 'L2Advertisement', name, problem: parsed.problem }
    }
  }
}
