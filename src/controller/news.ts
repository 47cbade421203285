import type { Allocator, Holding } from '../allocator/allocator.ts'
import type { Awaited } from '../allocator/awaited.ts'
import { type SharingTerms, sameTerms } from '../allocator/sharing.ts'
import { type Address, formatAddress, sameAddress } from '../ip/address.ts'

/** What one Service holds, and on which terms it shares it. */
export interface Held {
  readonly holding: Holding | undefined
  readonly terms: SharingTerms
}

export function heldBy(key: string, allocator: Pick<Allocator, 'holding' | 'termsOf'>): Held {
  return { holding: allocator.holding(key), terms: allocator.termsOf(key) }
}

/** What others may take now that a Service has given something up, or shares it otherwise. */
export function newsOf(before: Held, after: Held, allocator: Pick<Allocator, 'poolOf' | 'reservedFor'>): Awaited[] {
  const had = before.holding?.addresses ?? []
  const has = after.holding?.addresses ?? []
  const lost = missingIn(has, had)
  const gained = missingIn(had, has)
  const terms = !sameTerms(before.terms, after.terms)
  const isShared = gained.length > 0 && after.terms.key !== ''
  if (lost.length === 0 && !terms && !isShared) return NO_NEWS
  const news: Awaited[] = []
  for (const address of lost) {
    // The pool that has the address now need not be the one that it was held of.
    const pool = allocator.poolOf(address)?.name
    const service = allocator.reservedFor(address)
    if (pool !== undefined) news.push({ pool, family: address.family })
    if (service !== undefined) news.push({ service })
  }
  for (const address of terms ? [...lost, ...has] : lost) news.push({ address: formatAddress(address) })
  for (const sharingKey of new Set([before.terms.key, after.terms.key])) {
    if (sharingKey !== '') news.push({ sharingKey })
  }
  return news
}

function missingIn(some: readonly Address[], others: readonly Address[]): Address[] {
  return others.filter(one => !some.some(other => sameAddress(one, other)))
}

const NO_NEWS: Awaited[] = []
