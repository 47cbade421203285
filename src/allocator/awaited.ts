import type { Family } from '../ip/address.ts'

/** What a Service without an address waits for, and what others tell of when they give something up. */
export type Awaited =
  /** a free address of a family in a pool: one Service can have it, the oldest that waits */
  | { readonly pool: string; readonly family: Family }
  /** that whoever holds this address, in canonical form, leaves it or shares it */
  | { readonly address: string }
  /** that somebody shares an address by this key, or shares it otherwise */
  | { readonly sharingKey: string }
  /** something that is kept for this very Service */
  | { readonly service: string }

/** A name for each thing that can be awaited. */
export function nameOfAwaited(awaited: Awaited): string {
  if ('pool' in awaited) return `pool/${awaited.pool}/${awaited.family}`
  if ('address' in awaited) return `address/${awaited.address}`
  return 'service' in awaited ? `service/${awaited.service}` : `key/${awaited.sharingKey}`
}
